using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace P2PGrpc.Node.Hosting;

/// <summary>Whether the node of this process serves, and takes messages.</summary>
internal sealed class NodeHealthCheck(EmbeddedNode node) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var failure = context.Registration.FailureStatus;
        if (node.Running is not { } running)
            return new HealthCheckResult(failure, "The node has not started, or has stopped.");
        var data = new Dictionary<string, object>
        {
            ["peer_id"] = running.Id.ToString(),
            ["links"] = running.Links.Count,
            ["undelivered"] = running.Store.CountUndelivered(),
        };
        // A full disk is an error of a store that still writes, since it tries again with each message.
        if (running.Store.Health is { Error: not null } or { Writable: false })
            return new HealthCheckResult(failure, $"The node takes no messages: {running.Store.Health.Error}", null, data);
        if (await running.Vitals.FindFaultAsync(cancellationToken).ConfigureAwait(false) is { } fault)
            return new HealthCheckResult(failure, fault, null, data);
        if (running.Gate.IsClosed)
            return HealthCheckResult.Degraded("The node is being drained: it takes no new messages.", null, data);
        return running.Store.DamagedPlaces > 0
            ? HealthCheckResult.Degraded($"{running.Store.DamagedPlaces} places of the node's database are damaged.", null, data)
            : HealthCheckResult.Healthy($"The node is up, with {running.Links.Count} links.", data);
    }
}

using Grpc.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>Whether a client's node can be reached and takes messages, and whether the client's handlers get theirs.</summary>
internal sealed class P2PGrpcClientHealthCheck(P2PGrpcClient client, HandlerStanding? handlers) : IHealthCheck
{
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        GetNodeResponse node;
        try
        {
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + ClientLimits.HealthTimeout;
            node = await client.Node.GetNodeAsync(new GetNodeRequest(), deadline: deadline, cancellationToken: cancellationToken);
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var fault = P2PGrpcException.From(exception);
            return new HealthCheckResult(context.Registration.FailureStatus, fault.Message, fault);
        }
        var data = new Dictionary<string, object>
        {
            ["peer_id"] = node.PeerId,
            ["version"] = node.Version,
            ["links"] = node.Links,
            ["undelivered"] = node.Undelivered,
        };
        // A full disk is an error of the store that still writes, since it tries again with each message.
        if (!node.Writable || node.StoreError.Length > 0)
            return new HealthCheckResult(context.Registration.FailureStatus, $"The node takes no messages: {node.StoreError}", null, data);
        if (node.Draining)
            return new HealthCheckResult(context.Registration.FailureStatus, "The node takes no messages: it is being drained.", null, data);
        if (handlers?.Fault is { } refused)
            return HealthCheckResult.Degraded($"The handlers get no messages: {refused.Message}", refused, data);
        if (handlers?.FindHoldUp() is { } holdUp)
            return HealthCheckResult.Degraded(holdUp, null, data);
        return node.DamagedPlaces > 0
            ? HealthCheckResult.Degraded($"{node.DamagedPlaces} places of the node's database are damaged.", null, data)
            : HealthCheckResult.Healthy($"The node is up, with {node.Links} links.", data);
    }
}

using Microsoft.Extensions.Diagnostics.HealthChecks;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;

namespace P2PGrpcService;

/// <summary>Healthy once the node of this process serves; says with how many peers it is linked.</summary>
public sealed class NodeHealthCheck(INode node) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        if (!node.Started.IsCompletedSuccessfully)
            return Task.FromResult(HealthCheckResult.Unhealthy("The node has not started."));
        var links = node.ListPeers().Count(peer => peer.Link == LinkState.Up);
        return Task.FromResult(HealthCheckResult.Healthy($"The node serves, with {links} links."));
    }
}

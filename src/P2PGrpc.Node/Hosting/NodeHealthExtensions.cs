using Microsoft.Extensions.Diagnostics.HealthChecks;
using P2PGrpc.Node.Hosting;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the health of an embedded node to the health checks.</summary>
public static class NodeHealthExtensions
{
    /// <summary>
    /// Checks the node that was added by <c>AddP2PGrpcNode</c>. Unhealthy (or the status that is given): it has not started, has stopped, or takes no messages
    /// because of an error of its store, such as a full disk. Degraded: it is being drained, or its database has damaged
    /// places. A node without links is healthy: its peers may be away.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="name">The check's name.</param>
    /// <param name="failureStatus">What to report instead of Unhealthy; null: Unhealthy.</param>
    /// <param name="tags">Tags by which checks are chosen.</param>
    public static IHealthChecksBuilder AddP2PGrpcNode(
        this IHealthChecksBuilder builder, string name = "p2pgrpc-node", HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Add(new HealthCheckRegistration(
            name, services => new NodeHealthCheck(services.GetRequiredService<EmbeddedNode>()), failureStatus, tags));
    }
}

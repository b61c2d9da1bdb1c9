using Microsoft.Extensions.Diagnostics.HealthChecks;
using P2PGrpc.Client;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds the health of P2PGrpc clients to the health checks.</summary>
public static class P2PGrpcClientHealthExtensions
{
    /// <summary>
    /// Checks a client that was added by <c>AddP2PGrpcClient</c>. Unhealthy (or the status that is given): the node can't be reached within 5 s, or takes no messages,
    /// because of an error of its store (such as a full disk) or because it is being drained.
    /// Degraded: its database has damaged places, the client's handlers get no messages, one of them has been at work on a message for a minute, or a
    /// dead letter can't be written.
    /// </summary>
    /// <param name="builder">The health checks.</param>
    /// <param name="client">The client's name; empty for the one without a name.</param>
    /// <param name="name">The check's name; null: p2pgrpc, or p2pgrpc-NAME for a client with a name.</param>
    /// <param name="failureStatus">What to report instead of Unhealthy; null: Unhealthy.</param>
    /// <param name="tags">Tags by which checks are chosen.</param>
    public static IHealthChecksBuilder AddP2PGrpcClient(
        this IHealthChecksBuilder builder, string client = "", string? name = null, HealthStatus? failureStatus = null, IEnumerable<string>? tags = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(client);
        return builder.Add(new HealthCheckRegistration(
            name ?? (client.Length == 0 ? "p2pgrpc" : $"p2pgrpc-{client}"),
            services => new P2PGrpcClientHealthCheck(NamedClient.Find(services, client), services.GetKeyedService<HandlerStanding>(client)),
            failureStatus, tags));
    }
}

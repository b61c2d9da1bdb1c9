using Microsoft.Extensions.DependencyInjection;

namespace P2PGrpc.Client;

/// <summary>Finds a client by the name under which it was added; the one without a name by the empty one.</summary>
internal static class NamedClient
{
    public static P2PGrpcClient Find(IServiceProvider services, string name) =>
        name.Length == 0 ? services.GetRequiredService<P2PGrpcClient>() : services.GetRequiredKeyedService<P2PGrpcClient>(name);
}

using Microsoft.Extensions.DependencyInjection;

namespace P2PGrpc.Client;

/// <summary>A client that was added to a service collection, for extensions that configure it further.</summary>
public sealed class P2PGrpcClientBuilder
{
    internal P2PGrpcClientBuilder(IServiceCollection services, string name)
    {
        Services = services;
        Name = name;
    }

    /// <summary>The collection that the client was added to.</summary>
    public IServiceCollection Services { get; }

    /// <summary>The name of the client and of its options; empty for the one without a name.</summary>
    public string Name { get; }
}

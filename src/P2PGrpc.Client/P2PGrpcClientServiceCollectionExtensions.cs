using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using P2PGrpc.Client;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds clients of P2PGrpc nodes to a service collection.</summary>
public static class P2PGrpcClientServiceCollectionExtensions
{
    /// <summary>
    /// Adds a <see cref="P2PGrpcClient"/> as a singleton. Its options are validated when a host starts, else at the first use.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="configure">Says where the node is; null: the node of the default data directory.</param>
    public static P2PGrpcClientBuilder AddP2PGrpcClient(
        this IServiceCollection services, Action<P2PGrpcClientOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(provider => Create(provider, Options.Options.DefaultName));
        return Configure(services, Options.Options.DefaultName, configure);
    }

    /// <summary>
    /// Adds one of several clients: a <see cref="P2PGrpcClient"/> as a keyed singleton, for programs that use several nodes.
    /// </summary>
    /// <param name="services">The collection.</param>
    /// <param name="name">The key under which to ask for it.</param>
    /// <param name="configure">Says where the node is.</param>
    public static P2PGrpcClientBuilder AddP2PGrpcClient(
        this IServiceCollection services, string name, Action<P2PGrpcClientOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(configure);
        services.TryAddKeyedSingleton(name, (provider, _) => Create(provider, name));
        return Configure(services, name, configure);
    }

    private static P2PGrpcClientBuilder Configure(IServiceCollection services, string name, Action<P2PGrpcClientOptions>? configure)
    {
        var options = services.AddOptions<P2PGrpcClientOptions>(name);
        if (configure is not null)
            options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<P2PGrpcClientOptions>, P2PGrpcClientOptionsValidation>());
        options.ValidateOnStart();
        return new P2PGrpcClientBuilder(services, name);
    }

    private static P2PGrpcClient Create(IServiceProvider provider, string name) => new(
        provider.GetRequiredService<IOptionsMonitor<P2PGrpcClientOptions>>().Get(name), provider.GetService<TimeProvider>());
}

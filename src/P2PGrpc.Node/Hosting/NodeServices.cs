using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;

namespace P2PGrpc.Node.Hosting;

/// <summary>Adds a node to a host.</summary>
public static class NodeServices
{
    /// <summary>Runs a node in this host: it starts and stops with it, and is reached in process by <see cref="INode"/>. One node a host.
    /// A <see cref="TimeProvider"/> in the services is used; without one, the system's.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="configure">Sets the options; null for the defaults, or those bound elsewhere to <see cref="NodeOptions"/>.</param>
    public static IServiceCollection AddP2PGrpcNode(this IServiceCollection services, Action<NodeOptions>? configure = null)
    {
        services.AddOptions<NodeOptions>().ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<NodeOptions>, NodeOptionsValidation>());
        if (configure is not null)
            services.Configure(configure);
        services.TryAddSingleton(TimeProvider.System);
        services.AddLogging();
        services.AddMetrics();
        services.AddSingleton<EmbeddedNode>();
        services.AddSingleton<INode>(provider => provider.GetRequiredService<EmbeddedNode>());
        services.AddSingleton(provider => new NodeHealth(provider.GetRequiredService<EmbeddedNode>()));
        services.AddHostedService(provider => provider.GetRequiredService<EmbeddedNode>());
        return services;
    }

    /// <summary>Runs a node in this host with its options bound to a section of the configuration; see the overload that takes an action.</summary>
    /// <param name="services">The host's services.</param>
    /// <param name="section">The section: the properties of <see cref="NodeOptions"/>. A key that is none of them is an error when the options are made.</param>
    public static IServiceCollection AddP2PGrpcNode(this IServiceCollection services, IConfiguration section)
    {
        services.AddOptions<NodeOptions>().Bind(section, binder => binder.ErrorOnUnknownConfiguration = section is IConfigurationSection);
        return services.AddP2PGrpcNode();
    }
}

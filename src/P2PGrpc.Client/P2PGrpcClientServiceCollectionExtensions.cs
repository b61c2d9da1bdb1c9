using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.Configuration;
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

    /// <summary>Adds a <see cref="P2PGrpcClient"/> as a singleton, with its options bound to a section of the configuration.</summary>
    /// <param name="services">The collection.</param>
    /// <param name="section">The section: the properties of <see cref="P2PGrpcClientOptions"/>. A key that is none of them is an error when the options are made.</param>
    public static P2PGrpcClientBuilder AddP2PGrpcClient(this IServiceCollection services, IConfiguration section)
    {
        var builder = services.AddP2PGrpcClient();
        services.AddOptions<P2PGrpcClientOptions>().Bind(section, SectionRule.For(section));
        return builder;
    }

    /// <summary>Adds one of several clients, with its options bound to a section of the configuration.</summary>
    /// <param name="services">The collection.</param>
    /// <param name="name">The key under which to ask for it.</param>
    /// <param name="section">The section: the properties of <see cref="P2PGrpcClientOptions"/>. A key that is none of them is an error when the options are made.</param>
    public static P2PGrpcClientBuilder AddP2PGrpcClient(this IServiceCollection services, string name, IConfiguration section)
    {
        var builder = services.AddP2PGrpcClient(name, _ => { });
        services.AddOptions<P2PGrpcClientOptions>(name).Bind(section, SectionRule.For(section));
        return builder;
    }

    /// <summary>Puts an interceptor of the services around every gRPC call of the client; see <see cref="P2PGrpcClientOptions.AddInterceptor"/>.</summary>
    /// <typeparam name="T">The interceptor, which becomes a singleton unless it was added otherwise.</typeparam>
    /// <param name="builder">The client.</param>
    public static P2PGrpcClientBuilder AddInterceptor<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] T>(
        this P2PGrpcClientBuilder builder)
        where T : Interceptor
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddSingleton<T>();
        builder.Services.AddOptions<P2PGrpcClientOptions>(builder.Name)
            .Configure<IServiceProvider>((options, provider) => options.AddInterceptor(provider.GetRequiredService<T>()));
        return builder;
    }

    /// <summary>Says how typed messages that are no Protobuf messages are written and read; see <see cref="P2PGrpcClientOptions.UseJson"/>.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="json">The options.</param>
    public static P2PGrpcClientBuilder UseJson(this P2PGrpcClientBuilder builder, JsonSerializerOptions json)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure<P2PGrpcClientOptions>(builder.Name, options => options.UseJson(json));
        return builder;
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

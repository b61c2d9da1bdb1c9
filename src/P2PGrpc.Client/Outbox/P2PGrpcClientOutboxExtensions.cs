using System.Data.Common;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using P2PGrpc.Client;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Adds an outbox to a client.</summary>
public static class P2PGrpcClientOutboxExtensions
{
    /// <summary>
    /// Adds a <see cref="MessageOutbox"/>, keyed as the client is, and a hosted service that sends what waits in its table. For plain ADO.NET, and for whatever
    /// can name its <see cref="DbTransaction"/>, such as Entity Framework Core.
    /// </summary>
    /// <param name="builder">The client.</param>
    /// <param name="dialect">Whose SQL the database speaks.</param>
    /// <param name="connect">Makes a new connection, which is not open yet, to the database of the transactions. The services are those of a scope, which ends with the connection.</param>
    /// <param name="configure">Sets the options; null: the defaults.</param>
    /// <exception cref="InvalidOperationException">The client has an outbox already.</exception>
    public static P2PGrpcClientBuilder AddOutbox(
        this P2PGrpcClientBuilder builder, OutboxDialect dialect, Func<IServiceProvider, DbConnection> connect, Action<OutboxOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(connect);
        var (services, name) = (builder.Services, builder.Name);
        if (services.Any(service => service.ServiceType == typeof(OutboxTable) && name.Equals(service.ServiceKey)))
            throw new InvalidOperationException(
                "This client has an outbox already. For a second table add a second client of the same node under a name of its own, by AddP2PGrpcClient(\"name\", …), and give that one an outbox.");
        var options = services.AddOptions<OutboxOptions>(name).ValidateOnStart();
        if (configure is not null)
            options.Configure(configure);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<OutboxOptions>, OutboxOptionsValidation>());
        services.AddKeyedSingleton(name, (provider, _) => new OutboxTable(dialect, FindOptions(provider, name).Table));
        if (name.Length == 0)
            services.AddSingleton(provider => CreateOutbox(provider, name));
        else
            services.AddKeyedSingleton(name, (provider, _) => CreateOutbox(provider, name));
        services.AddSingleton<IHostedService>(provider => new OutboxRelay(
            NamedClient.Find(provider, name),
            name.Length == 0 ? provider.GetRequiredService<MessageOutbox>() : provider.GetRequiredKeyedService<MessageOutbox>(name),
            provider.GetRequiredKeyedService<OutboxTable>(name), dialect, provider.GetRequiredService<IServiceScopeFactory>(), connect, FindOptions(provider, name),
            provider.GetService<TimeProvider>() ?? TimeProvider.System,
            (provider.GetService<ILoggerFactory>() ?? NullLoggerFactory.Instance).CreateLogger("P2PGrpc.Client.Outbox")));
        return builder;
    }

    /// <summary>Adds a <see cref="MessageOutbox"/> with its options bound to a section of the configuration; see the overload that takes a function.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="dialect">Whose SQL the database speaks.</param>
    /// <param name="connect">Makes a new connection, which is not open yet, to the database of the transactions. The services are those of a scope, which ends with the connection.</param>
    /// <param name="section">The section: the properties of <see cref="OutboxOptions"/>. A key that is none of them is an error when the options are made.</param>
    /// <exception cref="InvalidOperationException">The client has an outbox already.</exception>
    public static P2PGrpcClientBuilder AddOutbox(
        this P2PGrpcClientBuilder builder, OutboxDialect dialect, Func<IServiceProvider, DbConnection> connect, IConfiguration section)
    {
        builder.AddOutbox(dialect, connect);
        builder.Services.AddOptions<OutboxOptions>(builder.Name).Bind(section, SectionRule.For(section));
        return builder;
    }

    private static OutboxOptions FindOptions(IServiceProvider services, string name) => services.GetRequiredService<IOptionsMonitor<OutboxOptions>>().Get(name);

    private static MessageOutbox CreateOutbox(IServiceProvider services, string name) =>
        new(services.GetRequiredKeyedService<OutboxTable>(name), NamedClient.Find(services, name).Serializer);
}

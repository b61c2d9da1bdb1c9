using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using P2PGrpc.Client;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>
/// Adds handlers to a client. A message goes to all handlers that want it, one after the other in the order in which they were added, and is acknowledged when all
/// have returned. A handler that throws is tried again; when it has failed for good, the message goes to the room for dead letters, and the next one's turn is come.
/// All methods that add a handler throw an <see cref="ArgumentException"/> where the client has another of the same name (see <see cref="MessageHandlerSettings.Name"/>), or
/// the settings can't be meant.
/// </summary>
public static class P2PGrpcClientHandlerExtensions
{
    private const DynamicallyAccessedMemberTypes Message = DynamicallyAccessedMemberTypes.PublicParameterlessConstructor;
    private const DynamicallyAccessedMemberTypes Handler = DynamicallyAccessedMemberTypes.PublicConstructors;

    /// <summary>Handles messages of any kind.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="handler">What to do.</param>
    /// <param name="settings">Which messages; null: all.</param>
    public static P2PGrpcClientBuilder OnMessage(
        this P2PGrpcClientBuilder builder, Func<ReceivedMessage, CancellationToken, Task> handler, MessageHandlerSettings? settings = null) =>
        builder.OnMessage<ReceivedMessage>(handler, settings);

    /// <summary>Handles messages of one type.</summary>
    /// <typeparam name="T">A Protobuf message, <see cref="string"/> for texts, or a type that is read from JSON.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="handler">What to do.</param>
    /// <param name="settings">Which messages; null: all of the type.</param>
    public static P2PGrpcClientBuilder OnMessage<[DynamicallyAccessedMembers(Message)] T>(
        this P2PGrpcClientBuilder builder, Func<T, CancellationToken, Task> handler, MessageHandlerSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return builder.OnMessage<T>((message, _, cancellationToken) => handler(message, cancellationToken), settings);
    }

    /// <summary>Handles messages of one type, with the message itself and the services of a scope in the context.</summary>
    /// <typeparam name="T">A Protobuf message, <see cref="string"/> for texts, <see cref="ReceivedMessage"/> for all, or a type that is read from JSON.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="handler">What to do.</param>
    /// <param name="settings">Which messages; null: all of the type.</param>
    public static P2PGrpcClientBuilder OnMessage<[DynamicallyAccessedMembers(Message)] T>(
        this P2PGrpcClientBuilder builder, Func<T, MessageContext, CancellationToken, Task> handler, MessageHandlerSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return Add<T>(builder, settings, MessageSerializer.NameOf<T>(), (message, context, cancellationToken) => handler(message, context, cancellationToken));
    }

    /// <summary>Handles messages of any kind by a class, made anew for each message with its dependencies.</summary>
    /// <typeparam name="THandler">The class.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="settings">Which messages; null: all.</param>
    public static P2PGrpcClientBuilder AddHandler<[DynamicallyAccessedMembers(Handler)] THandler>(
        this P2PGrpcClientBuilder builder, MessageHandlerSettings? settings = null)
        where THandler : class, IMessageHandler
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddScoped<THandler>();
        return Add<ReceivedMessage>(builder, settings, typeof(THandler).Name, (message, context, cancellationToken) =>
            context.Services.GetRequiredService<THandler>().HandleAsync(message, context, cancellationToken));
    }

    /// <summary>Handles messages of one type by a class, made anew for each message with its dependencies.</summary>
    /// <typeparam name="THandler">The class.</typeparam>
    /// <typeparam name="T">A Protobuf message, <see cref="string"/> for texts, or a type that is read from JSON.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="settings">Which messages; null: all of the type.</param>
    public static P2PGrpcClientBuilder AddHandler<[DynamicallyAccessedMembers(Handler)] THandler, [DynamicallyAccessedMembers(Message)] T>(
        this P2PGrpcClientBuilder builder, MessageHandlerSettings? settings = null)
        where THandler : class, IMessageHandler<T>
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddScoped<THandler>();
        return Add<T>(builder, settings, NameOf<THandler, T>(), (message, context, cancellationToken) =>
            context.Services.GetRequiredService<THandler>().HandleAsync(message, context, cancellationToken));
    }

    /// <summary>
    /// Answers requests of one type: what is returned is the reply. A <see cref="RequestRejectedException"/> is an error reply at once; after any other error that
    /// stays, the requester gets <see cref="RemoteRequestException.Failed"/>. Messages without a reply-to are not given to it.
    /// </summary>
    /// <typeparam name="TRequest">A Protobuf message, <see cref="string"/> for texts, or a type that is read from JSON.</typeparam>
    /// <typeparam name="TReply">As for requests.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="handler">What to reply.</param>
    /// <param name="settings">Which requests; null: all of the type.</param>
    public static P2PGrpcClientBuilder OnRequest<[DynamicallyAccessedMembers(Message)] TRequest, TReply>(
        this P2PGrpcClientBuilder builder, Func<TRequest, CancellationToken, Task<TReply>> handler, MessageHandlerSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return builder.OnRequest<TRequest, TReply>((request, _, cancellationToken) => handler(request, cancellationToken), settings);
    }

    /// <summary>Answers requests of one type, with the message itself and the services of a scope in the context; see the overload without.</summary>
    /// <typeparam name="TRequest">A Protobuf message, <see cref="string"/> for texts, <see cref="ReceivedMessage"/> for all, or a type that is read from JSON.</typeparam>
    /// <typeparam name="TReply">As for requests, and <see cref="OutgoingMessage"/>.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="handler">What to reply.</param>
    /// <param name="settings">Which requests; null: all of the type.</param>
    public static P2PGrpcClientBuilder OnRequest<[DynamicallyAccessedMembers(Message)] TRequest, TReply>(
        this P2PGrpcClientBuilder builder, Func<TRequest, MessageContext, CancellationToken, Task<TReply>> handler, MessageHandlerSettings? settings = null)
    {
        ArgumentNullException.ThrowIfNull(handler);
        return AddRequests(builder, settings, MessageSerializer.NameOf<TRequest>(), handler);
    }

    /// <summary>Answers requests of one type by a class, made anew for each request with its dependencies; see <c>OnRequest</c>.</summary>
    /// <typeparam name="THandler">The class.</typeparam>
    /// <typeparam name="TRequest">A Protobuf message, <see cref="string"/> for texts, or a type that is read from JSON.</typeparam>
    /// <typeparam name="TReply">As for requests.</typeparam>
    /// <param name="builder">The client.</param>
    /// <param name="settings">Which requests; null: all of the type.</param>
    public static P2PGrpcClientBuilder AddRequestHandler<
        [DynamicallyAccessedMembers(Handler)] THandler, [DynamicallyAccessedMembers(Message)] TRequest, TReply>(
        this P2PGrpcClientBuilder builder, MessageHandlerSettings? settings = null)
        where THandler : class, IRequestHandler<TRequest, TReply>
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.TryAddScoped<THandler>();
        return AddRequests<TRequest, TReply>(builder, settings, NameOf<THandler, TRequest>(), (request, context, cancellationToken) =>
            context.Services.GetRequiredService<THandler>().HandleAsync(request, context, cancellationToken));
    }

    /// <summary>Says how the handlers of this client get their messages.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="configure">Sets the options.</param>
    public static P2PGrpcClientBuilder ConfigureHandlers(this P2PGrpcClientBuilder builder, Action<MessageHandlingOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.Configure(builder.Name, configure);
        return builder;
    }

    /// <summary>Binds how the handlers of this client get their messages to a section of the configuration.</summary>
    /// <param name="builder">The client.</param>
    /// <param name="section">The section: the properties of <see cref="MessageHandlingOptions"/>. A key that is none of them is an error when the options are made.</param>
    public static P2PGrpcClientBuilder ConfigureHandlers(this P2PGrpcClientBuilder builder, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(builder);
        builder.Services.AddOptions<MessageHandlingOptions>(builder.Name).Bind(section, SectionRule.For(section));
        return builder;
    }

    private static P2PGrpcClientBuilder AddRequests<[DynamicallyAccessedMembers(Message)] TRequest, TReply>(
        P2PGrpcClientBuilder builder, MessageHandlerSettings? settings, string name, Func<TRequest, MessageContext, CancellationToken, Task<TReply>> handler) =>
        Add<TRequest>(
            builder, settings, name,
            async (request, context, cancellationToken) =>
            {
                try
                {
                    await context.ReplyAsync(await handler(request, context, cancellationToken), cancellationToken);
                }
                catch (RequestRejectedException rejected)
                {
                    await context.Client.ReplyAsync(context.Message, rejected, cancellationToken);
                }
            },
            RequestExtensions.IsRequest,
            (client, message, cancellationToken) => client.ReplyAsync(
                message, new RequestRejectedException(RemoteRequestException.Failed, "The other side could not handle the request."), cancellationToken));

    private static P2PGrpcClientBuilder Add<[DynamicallyAccessedMembers(Message)] T>(
        P2PGrpcClientBuilder builder, MessageHandlerSettings? settings, string name, Func<T, MessageContext, CancellationToken, Task> handler,
        Func<ReceivedMessage, bool>? accepts = null, Func<P2PGrpcClient, ReceivedMessage, CancellationToken, Task>? giveUp = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        settings ??= MessageHandlerSettings.Default;
        if (settings.FindFault() is { } fault)
            throw new ArgumentException(fault, nameof(settings));
        name = settings.Name ?? name;
        if (name.Length > 64)
            name = name[..64];
        // Dead letters are told apart and replayed by it.
        if (HasHandler(builder, name))
            throw new ArgumentException($"This client has a handler '{name}' already. Give each a name of its own, by {nameof(MessageHandlerSettings)}.{nameof(MessageHandlerSettings.Name)}.", nameof(settings));
        var matches = MessageSerializer.Matches<T>();
        AddRunner(builder);
        builder.Services.AddKeyedSingleton(builder.Name, new HandlerRegistration(
            name,
            message => (accepts is null || accepts(message)) && matches(message) && settings.Accepts(message),
            (context, cancellationToken) => handler(context.Client.Serializer.Read<T>(context.Message), context, cancellationToken),
            giveUp));
        return builder;
    }

    private static bool HasHandler(P2PGrpcClientBuilder builder, string name) => builder.Services.Any(service =>
        service.ServiceType == typeof(HandlerRegistration) && builder.Name.Equals(service.ServiceKey) && ((HandlerRegistration)service.KeyedImplementationInstance!).Name == name);

    private static string NameOf<THandler, [DynamicallyAccessedMembers(Message)] T>() => $"{typeof(THandler).Name}({MessageSerializer.NameOf<T>()})";

    // With the first handler of a client comes what runs them.
    private static void AddRunner(P2PGrpcClientBuilder builder)
    {
        var (services, name) = (builder.Services, builder.Name);
        if (services.Any(service => service.ServiceType == typeof(HandlerStanding) && name.Equals(service.ServiceKey)))
            return;
        services.AddKeyedSingleton(name, (provider, _) => HandlerStanding.From(provider));
        services.AddKeyedSingleton(name, (provider, _) => HandlerSet.From(provider, name));
        services.AddOptions<MessageHandlingOptions>(name).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<MessageHandlingOptions>, MessageHandlingOptionsValidation>());
        services.AddSingleton<IHostedService>(provider => MessageHandlerService.Create(provider, name));
        services.AddSingleton<IHostedService>(provider => DeadLetterReplays.Create(provider, name));
        if (name.Length == 0)
            services.AddSingleton(provider => new DeadLetters(() => provider.GetRequiredKeyedService<HandlerSet>(name)));
        else
            services.AddKeyedSingleton(name, (provider, _) => new DeadLetters(() => provider.GetRequiredKeyedService<HandlerSet>(name)));
    }
}

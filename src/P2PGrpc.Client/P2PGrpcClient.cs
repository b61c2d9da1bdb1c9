using System.Runtime.CompilerServices;
using Grpc.Core;
using Grpc.Net.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>
/// The client of a P2PGrpc node: hands messages over, reads what arrives, acknowledges it. All members may be used by many
/// threads at once; one client serves a whole process. Connections are made when needed and again after they broke.
/// Members throw <see cref="P2PGrpcException"/> for what the node or the way to it refuses.
/// </summary>
public sealed class P2PGrpcClient : IAsyncDisposable, IDisposable
{
    private readonly GrpcChannel channel;
    private readonly TimeProvider time;
    private readonly TimeSpan callTimeout;
    private readonly TimeSpan retryFor;
    private volatile bool disposed;

    /// <summary>Makes a client. Nothing is connected before the first call.</summary>
    /// <param name="options">Where the node is; null: the node of the default data directory.</param>
    /// <param name="time">The clock of time limits and pauses; null: the system's.</param>
    /// <exception cref="ArgumentException">The options contradict each other; the message says how.</exception>
    public P2PGrpcClient(P2PGrpcClientOptions? options = null, TimeProvider? time = null)
    {
        options ??= new P2PGrpcClientOptions();
        if (options.FindFault() is { } fault)
            throw new ArgumentException(fault, nameof(options));
        this.time = time ?? TimeProvider.System;
        callTimeout = options.CallTimeout;
        retryFor = options.RetryFor;
        (channel, var invoker) = NodeChannel.Open(options);
        Messages = new PeerService.PeerServiceClient(invoker);
        Node = new NodeService.NodeServiceClient(invoker);
        Conversations = new ConversationService.ConversationServiceClient(invoker);
        Serializer = new MessageSerializer(options.GetJson());
        Requests = new Requester(this, callTimeout, this.time);
    }

    /// <summary>The generated stub for messages, with the token in place. It neither retries nor sets time limits.</summary>
    public PeerService.PeerServiceClient Messages { get; }

    /// <summary>The generated stub for the node's owner: node info, peers, events. It neither retries nor sets time limits.</summary>
    public NodeService.NodeServiceClient Node { get; }

    /// <summary>The generated stub for rooms and the history. It neither retries nor sets time limits.</summary>
    public ConversationService.ConversationServiceClient Conversations { get; }

    /// <summary>How typed messages are written and read.</summary>
    internal MessageSerializer Serializer { get; }

    /// <summary>Requests that wait for their replies.</summary>
    internal Requester Requests { get; }

    /// <summary>Sends a text. See the overload that takes a message.</summary>
    /// <param name="to">Where to: an alias, a PeerId, host:port, #room, or "self".</param>
    /// <param name="text">The text, 1 byte to 128 KiB of UTF-8.</param>
    /// <param name="settings">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting. The message may have been taken.</param>
    public Task<SendReceipt> SendAsync(
        string to, string text, SendSettings? settings = null, CancellationToken cancellationToken = default) =>
        SendAsync(to, OutgoingMessage.FromText(text), settings, cancellationToken);

    /// <summary>
    /// Sends a message. When this returns, the message is on the node's disk (unless it is ephemeral). A node that is unavailable
    /// is tried again under the same message_id, so that no message is sent twice.
    /// </summary>
    /// <param name="to">Where to: an alias, a PeerId, host:port, #room, or "self".</param>
    /// <param name="message">What.</param>
    /// <param name="settings">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting. The message may have been taken.</param>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public Task<SendReceipt> SendAsync(
        string to, OutgoingMessage message, SendSettings? settings = null, CancellationToken cancellationToken = default) =>
        SendAsync(to, message, settings ?? SendSettings.Default, retryFor, cancellationToken);

    /// <summary>The same with another patience than the client's.</summary>
    internal async Task<SendReceipt> SendAsync(
        string to, OutgoingMessage message, SendSettings settings, TimeSpan patience, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(message);
        if (settings.Ephemeral && settings.WaitForDelivery)
            throw new ArgumentException("An ephemeral message is never known to be delivered: don't wait for it.", nameof(settings));
        var messageId = message.MessageId ?? (settings.Ephemeral ? "" : OutgoingMessage.NewMessageId());
        var request = message.ToRequest(to, messageId, settings);
        using var operation = ClientOperation.BeginSend(to, request.Headers, time);
        try
        {
            var response = await CallAsync(
                options => Messages.SendAsync(request, options), settings, settings.Ephemeral ? TimeSpan.Zero : patience, cancellationToken);
            operation.Succeed(1, response.Reference);
            return new SendReceipt { Reference = response.Reference, State = response.State };
        }
        catch (Exception fault)
        {
            operation.Fail(1, fault);
            throw;
        }
    }

    /// <summary>
    /// Sends many messages over one stream: in order, batched by what has gathered, with a bounded number in flight (a source
    /// is not read further than the node keeps up). After a broken stream the unanswered messages are sent again under their
    /// message_id, so each is sent once. Ephemeral ones are not: they are answered by an error of reason
    /// <see cref="P2PGrpcException.OutcomeUnknown"/>.
    /// </summary>
    /// <param name="to">Where to: an alias, a PeerId, host:port, #room, or "self".</param>
    /// <param name="messages">The messages. If the source throws, so does the enumeration, after the results of all messages before. A source that is
    /// still being read when the enumeration ends early is cancelled, and not waited for.</param>
    /// <param name="settings">How; only <see cref="SendSettings.Ephemeral"/> counts here.</param>
    /// <param name="cancellationToken">Gives up. Messages without a result may have been taken.</param>
    /// <returns>One result a message, in order. It must be enumerated for anything to be sent, and once only.</returns>
    /// <exception cref="P2PGrpcException">The node refused the stream, or stayed unavailable.</exception>
    /// <exception cref="ArgumentException">A message is far above the node's limits.</exception>
    public IAsyncEnumerable<SendResult> SendManyAsync(
        string to,
        IAsyncEnumerable<OutgoingMessage> messages,
        SendSettings? settings = null,
        CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        ArgumentException.ThrowIfNullOrEmpty(to);
        ArgumentNullException.ThrowIfNull(messages);
        settings ??= SendSettings.Default;
        if (settings.WaitForDelivery)
            throw new ArgumentException("SendManyAsync answers when messages are accepted; it can't wait for their delivery.", nameof(settings));
        return new MessageStream(Messages, to, settings.Ephemeral, new RetryPause(time, retryFor)).RunAsync(messages, cancellationToken);
    }

    /// <summary>
    /// Reads messages in the order in which they arrived at the node. If the node goes away, the enumeration finds it again and goes on
    /// after the last message that it got: nothing is skipped or read twice. Ephemeral messages of the time between are lost.
    /// </summary>
    /// <param name="settings">What to read and from where; null: all that comes from now on.</param>
    /// <param name="cancellationToken">Ends the enumeration with an OperationCanceledException.</param>
    /// <exception cref="P2PGrpcException">The node refused, or another subscriber took over the consumer's name.</exception>
    public async IAsyncEnumerable<ReceivedMessage> SubscribeAsync(
        SubscribeSettings? settings = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var response in SubscribeBatchesAsync(settings, cancellationToken).WithCancellation(cancellationToken))
        {
            foreach (var batch in response.Batches)
            {
                if (ErasedMessages.From(batch) is { } erased)
                    settings?.Erased?.Invoke(erased);
                foreach (var message in ReceivedMessage.Read(batch))
                    yield return message;
            }
        }
    }

    /// <summary>
    /// As <see cref="SubscribeAsync"/>, but hands out the node's responses whole: for programs that handle and acknowledge messages
    /// by batches. <see cref="ReceivedMessage.Read(SubscribeResponse)"/> takes a response apart; after handling it, acknowledge its cursor.
    /// </summary>
    /// <param name="settings">What to read and from where; null: all that comes from now on.</param>
    /// <param name="cancellationToken">Ends the enumeration with an OperationCanceledException.</param>
    /// <exception cref="P2PGrpcException">The node refused, or another subscriber took over the consumer's name.</exception>
    public IAsyncEnumerable<SubscribeResponse> SubscribeBatchesAsync(
        SubscribeSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        settings ??= SubscribeSettings.Default;
        return new Subscription(Messages, settings, new RetryPause(time, settings.ReconnectFor)).RunAsync(cancellationToken);
    }

    /// <summary>Tells the node that a consumer has handled everything up to a place: later subscriptions of that name begin after it.</summary>
    /// <param name="consumer">The consumer's name.</param>
    /// <param name="cursor">The place: a message's cursor, or that of a response.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public async Task AcknowledgeAsync(string consumer, FeedCursor cursor, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(consumer);
        var request = new AcknowledgeRequest { Consumer = consumer, Cursor = cursor.ToProtocol() };
        using var operation = ClientOperation.BeginAcknowledge(time);
        try
        {
            await CallAsync(options => Messages.AcknowledgeAsync(request, options), cancellationToken);
            operation.Succeed();
        }
        catch (Exception fault)
        {
            operation.Fail(0, fault);
            throw;
        }
    }

    /// <summary>Closes the connections. Calls under way fail. It waits for nothing.</summary>
    public void Dispose()
    {
        disposed = true;
        Requests.Dispose();
        channel.Dispose();
    }

    /// <summary>Closes the connections. Calls under way fail.</summary>
    public async ValueTask DisposeAsync()
    {
        disposed = true;
        await Requests.DisposeAsync();
        channel.Dispose();
    }

    /// <summary>Makes a call with the client's patience.</summary>
    internal Task<TResponse> CallAsync<TResponse>(Func<CallOptions, AsyncUnaryCall<TResponse>> start, CancellationToken cancellationToken) =>
        CallAsync(start, SendSettings.Default, retryFor, cancellationToken);

    /// <summary>Makes a call, again and again while the node is unavailable, within its time limit.</summary>
    internal async Task<TResponse> CallAsync<TResponse>(
        Func<CallOptions, AsyncUnaryCall<TResponse>> start, SendSettings settings, TimeSpan patience, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(disposed, this);
        var limit = settings.Timeout ?? callTimeout;
        // gRPC counts a deadline by the system's clock, whatever clock this client has.
        DateTime? deadline = limit == Timeout.InfiniteTimeSpan ? null : TimeProvider.System.GetUtcNow().UtcDateTime + limit;
        var pause = new RetryPause(time, TimeLimit.Shorter(patience, limit));
        var mayHaveHappened = false;
        while (true)
        {
            P2PGrpcException fault;
            try
            {
                using var call = start(new CallOptions(settings.Metadata, deadline, cancellationToken));
                return await call.ResponseAsync;
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                fault = P2PGrpcException.From(exception);
            }
            mayHaveHappened |= fault.MayHaveHappened;
            if (await pause.WaitAsync(fault, cancellationToken))
                continue;
            throw mayHaveHappened ? fault.AsUncertain() : fault;
        }
    }
}

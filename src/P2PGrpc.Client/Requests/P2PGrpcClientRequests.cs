using System.Diagnostics.CodeAnalysis;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <content>Requests and replies.</content>
public sealed partial class P2PGrpcClient
{
    private string? peerId;

    /// <summary>
    /// Sends a request and waits for its reply. The reply is an ordinary, durable message, so the wait survives a broken connection and a restart of the nodes on
    /// both sides. A program that ends before the reply came gets it no more. Any number of requests may be under way; they share one subscription.
    /// </summary>
    /// <param name="to">Whom to ask: an alias, a PeerId, host:port, #room (the first reply of any member counts), or "self".</param>
    /// <param name="request">What. The headers reply-to and correlation-id are added. A MessageId must be a new one for each request.</param>
    /// <param name="settings">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting. The request may have been taken; its reply is then passed over.</param>
    /// <returns>The reply.</returns>
    /// <exception cref="RemoteRequestException">The other side answered with an error.</exception>
    /// <exception cref="P2PGrpcException">The node refused the request; or no reply came in time (<see cref="P2PGrpcException.NoReply"/>).</exception>
    public async Task<ReceivedMessage> RequestAsync(
        string to, OutgoingMessage request, RequestSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(to);
        ArgumentNullException.ThrowIfNull(request);
        settings ??= RequestSettings.Default;
        var limit = settings.Timeout ?? callTimeout;
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var correlationId = OutgoingMessage.NewMessageId();
        var sent = false;
        try
        {
            var reply = await replies.AskAsync(correlationId, SendAsync, either.Token);
            return reply.Headers.ContainsKey(MessageHeaders.ReplyError) ? throw new RemoteRequestException(reply) : reply;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new P2PGrpcException(
                StatusCode.DeadlineExceeded, P2PGrpcException.NoReply,
                $"No reply to the request to {to} came within {limit.TotalSeconds:0.###} s. {(sent ? "It was handed over, and may still be handled." : "The node could not be reached.")}",
                null, null)
            { MayHaveHappened = sent };
        }

        async Task SendAsync(CancellationToken token)
        {
            var message = request.WithHeaders((MessageHeaders.ReplyTo, await FindPeerIdAsync(limit, token)), (MessageHeaders.CorrelationId, correlationId));
            await this.SendAsync(to, message, new SendSettings { Timeout = limit, Metadata = settings.Metadata }, limit, token);
            sent = true;
        }
    }

    /// <summary>Sends a typed request and reads the typed reply; see the overload that takes a message, and <see cref="SendAsync{T}(string, T, SendSettings, CancellationToken)"/>.</summary>
    /// <param name="to">Whom to ask.</param>
    /// <param name="request">What.</param>
    /// <param name="settings">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="RemoteRequestException">The other side answered with an error.</exception>
    /// <exception cref="P2PGrpcException">The node refused the request, or no reply came in time.</exception>
    /// <exception cref="MessageFormatException">The reply is not of this type.</exception>
    public async Task<TReply> RequestAsync<TRequest, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TReply>(
        string to, TRequest request, RequestSettings? settings = null, CancellationToken cancellationToken = default) =>
        Serializer.Read<TReply>(await RequestAsync(to, Serializer.Write(request), settings, cancellationToken));

    /// <summary>
    /// Replies to a request, in the conversation in which it was made: to its author alone, or in the room. Never to anybody else, whatever its reply-to says. A
    /// second reply to the same request is not sent.
    /// </summary>
    /// <param name="request">The request.</param>
    /// <param name="reply">The reply. The headers correlation-id and in-reply-to are added; its MessageId is made of the request's reference.</param>
    /// <param name="cancellationToken">Gives up waiting. The reply may have been taken.</param>
    /// <exception cref="ArgumentException">The message is no request.</exception>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public async Task ReplyAsync(ReceivedMessage request, OutgoingMessage reply, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(reply);
        if (!IsRequest(request))
            throw new ArgumentException("The message is no request: it has no reply-to and correlation-id, or it is this node's own to another.", nameof(request));
        var message = reply.WithHeaders(
            (MessageHeaders.CorrelationId, request.Headers[MessageHeaders.CorrelationId]), (MessageHeaders.InReplyTo, request.Reference));
        if (!request.Ephemeral)
            message = message with { MessageId = $"reply-{request.Reference}" };
        try
        {
            await SendAsync(WhereToReply(request), message, cancellationToken: cancellationToken);
        }
        catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.AlreadyExists)
        {
            // It was answered before, and the first reply counts: a handler that runs again after a crash need not come to the same one.
        }
    }

    /// <summary>Replies to a request with a typed message; see the overload that takes a message.</summary>
    /// <param name="request">The request.</param>
    /// <param name="reply">The reply.</param>
    /// <param name="cancellationToken">Gives up waiting. The reply may have been taken.</param>
    /// <exception cref="ArgumentException">The message is no request.</exception>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public Task ReplyAsync<T>(ReceivedMessage request, T reply, CancellationToken cancellationToken = default) =>
        ReplyAsync(request, Serializer.Write(reply), cancellationToken);

    /// <summary>Replies to a request with an error, which the requester gets as a <see cref="RemoteRequestException"/>.</summary>
    /// <param name="request">The request.</param>
    /// <param name="error">The reason, and a sentence of which at most 1 KiB is sent.</param>
    /// <param name="cancellationToken">Gives up waiting. The reply may have been taken.</param>
    /// <exception cref="ArgumentException">The message is no request.</exception>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public Task ReplyAsync(ReceivedMessage request, RequestRejectedException error, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(error);
        var text = OutgoingMessage.FromText(BoundedText.Cut(error.Message, ClientLimits.ErrorBytes));
        return ReplyAsync(request, text.WithHeaders((MessageHeaders.ReplyError, error.Reason)), cancellationToken);
    }

    /// <summary>Whether somebody waits for a reply to a message, and a reply would get there.</summary>
    internal static bool IsRequest(ReceivedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        // What this node itself asked another is that one's to answer.
        return (message.Alias != Self || message.Peer == Self || message.Room.Length > 0)
            && message.Headers.ContainsKey(MessageHeaders.ReplyTo) && message.Headers.ContainsKey(MessageHeaders.CorrelationId);
    }

    private const string Self = "self";

    private static string WhereToReply(ReceivedMessage request) =>
        request.Room.Length > 0 ? request.Room : request.Alias == Self ? Self : request.Author;

    // The node's identity can't change while it runs, and one that was put in its place has other peers.
    private async Task<string> FindPeerIdAsync(TimeSpan limit, CancellationToken cancellationToken) => peerId ??= (await CallAsync(
        options => Node.GetNodeAsync(new GetNodeRequest(), options), new SendSettings { Timeout = limit }, limit, cancellationToken)).PeerId;
}

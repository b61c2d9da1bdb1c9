using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Grpc.Core;

namespace P2PGrpc.Client;

/// <summary>Requests and replies. All members may be used by many threads at once.</summary>
public static class RequestExtensions
{
    /// <summary>
    /// Sends a request and waits for its reply. The reply is an ordinary, durable message, so the wait survives a broken connection and a restart of the nodes on
    /// both sides. A program that ends before the reply came gets it no more. Any number of requests may be under way; they share one subscription.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="to">Whom to ask: an alias, a PeerId, host:port, #room (the first reply of any member counts), or "self".</param>
    /// <param name="request">What. The headers reply-to, correlation-id and reply-by are added. A MessageId must be a new one for each request.</param>
    /// <param name="settings">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting. The request may have been taken; its reply is then passed over.</param>
    /// <returns>The reply.</returns>
    /// <exception cref="RemoteRequestException">The other side answered with an error.</exception>
    /// <exception cref="P2PGrpcException">The node refused the request; or no reply came in time (<see cref="P2PGrpcException.NoReply"/>).</exception>
    public static Task<ReceivedMessage> RequestAsync(
        this P2PGrpcClient client, string to, OutgoingMessage request, RequestSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentException.ThrowIfNullOrEmpty(to);
        ArgumentNullException.ThrowIfNull(request);
        return client.Requests.AskAsync(to, request, settings ?? RequestSettings.Default, cancellationToken);
    }

    /// <summary>Sends a typed request and reads the typed reply; see the overload that takes a message, and <see cref="TypedMessageExtensions.SendAsync{T}(P2PGrpcClient, string, T, SendSettings, CancellationToken)"/>.</summary>
    /// <param name="client">The client.</param>
    /// <param name="to">Whom to ask.</param>
    /// <param name="request">What.</param>
    /// <param name="settings">How; null: the defaults.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="RemoteRequestException">The other side answered with an error.</exception>
    /// <exception cref="P2PGrpcException">The node refused the request, or no reply came in time.</exception>
    /// <exception cref="MessageFormatException">The reply is not of this type.</exception>
    public static async Task<TReply> RequestAsync<TRequest, [DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicParameterlessConstructor)] TReply>(
        this P2PGrpcClient client, string to, TRequest request, RequestSettings? settings = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        MessageSerializer.CheckReadable(typeof(TReply));
        return client.Serializer.Read<TReply>(await client.RequestAsync(to, client.Serializer.Write(request), settings, cancellationToken));
    }

    /// <summary>
    /// Replies to a request, in the conversation in which it was made: to its author alone, or in the room. Never to anybody else, whatever its reply-to says. A
    /// second reply to the same request is not sent.
    /// </summary>
    /// <param name="client">The client.</param>
    /// <param name="request">The request.</param>
    /// <param name="reply">The reply. The headers correlation-id and in-reply-to are added; its MessageId is made of the request's reference.</param>
    /// <param name="cancellationToken">Gives up waiting. The reply may have been taken.</param>
    /// <exception cref="ArgumentException">The message is no request.</exception>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public static async Task ReplyAsync(this P2PGrpcClient client, ReceivedMessage request, OutgoingMessage reply, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(reply);
        if (!IsRequest(request))
            throw new ArgumentException("The message is no request: it has no reply-to and correlation-id, or it is this node's own to another.", nameof(request));
        var message = reply.WithHeaders(
            (MessageHeaders.CorrelationId, request.Headers[MessageHeaders.CorrelationId]), (MessageHeaders.InReplyTo, request.Reference));
        if (!request.Ephemeral)
            message = message with { MessageId = $"reply-{request.Reference}" };
        try
        {
            await client.SendAsync(WhereToReply(request), message, cancellationToken: cancellationToken);
        }
        catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.AlreadyExists)
        {
            // It was answered before, and the first reply counts: a handler that runs again after a crash need not come to the same one.
        }
    }

    /// <summary>Replies to a request with a typed message; see the overload that takes a message.</summary>
    /// <param name="client">The client.</param>
    /// <param name="request">The request.</param>
    /// <param name="reply">The reply.</param>
    /// <param name="cancellationToken">Gives up waiting. The reply may have been taken.</param>
    /// <exception cref="ArgumentException">The message is no request.</exception>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public static Task ReplyAsync<T>(this P2PGrpcClient client, ReceivedMessage request, T reply, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        return client.ReplyAsync(request, client.Serializer.Write(reply), cancellationToken);
    }

    /// <summary>Replies to a request with an error, which the requester gets as a <see cref="RemoteRequestException"/>.</summary>
    /// <param name="client">The client.</param>
    /// <param name="request">The request.</param>
    /// <param name="error">The reason, and a sentence of which at most 1 KiB is sent.</param>
    /// <param name="cancellationToken">Gives up waiting. The reply may have been taken.</param>
    /// <exception cref="ArgumentException">The message is no request.</exception>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public static Task ReplyAsync(this P2PGrpcClient client, ReceivedMessage request, RequestRejectedException error, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(error);
        var text = OutgoingMessage.FromText(BoundedText.Cut(error.Message, ClientLimits.ErrorBytes));
        return client.ReplyAsync(request, text.WithHeaders((MessageHeaders.ReplyError, error.Reason)), cancellationToken);
    }

    /// <summary>Whether somebody waits for a reply to a message, and a reply would get there.</summary>
    internal static bool IsRequest(ReceivedMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        // What this node itself asked another is that one's to answer.
        return (message.Alias != Self || message.Peer == Self || message.Room.Length > 0)
            && message.Headers.ContainsKey(MessageHeaders.ReplyTo) && message.Headers.ContainsKey(MessageHeaders.CorrelationId);
    }

    /// <summary>Whether nobody waits for the reply to a request any more. One that does not say, or not so that it can be read, is waited for.</summary>
    internal static bool IsExpired(ReceivedMessage request, DateTimeOffset now) =>
        request.Headers.TryGetValue(MessageHeaders.ReplyBy, out var text) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var until)
        && now.ToUnixTimeMilliseconds() - until > ClientLimits.ReplyByTolerance.TotalMilliseconds;

    /// <summary>Whether a message is the reply to a request. Either header alone may be another program's, with another meaning.</summary>
    internal static bool IsReply(ReceivedMessage message) =>
        message.Headers.ContainsKey(MessageHeaders.InReplyTo) && message.Headers.ContainsKey(MessageHeaders.CorrelationId);

    private const string Self = "self";

    private static string WhereToReply(ReceivedMessage request) =>
        request.Room.Length > 0 ? request.Room : request.Alias == Self ? Self : request.Author;
}

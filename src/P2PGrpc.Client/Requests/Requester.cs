using System.Globalization;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>Asks for replies in the name of one client. Thread-safe.</summary>
internal sealed class Requester(P2PGrpcClient client, TimeSpan callTimeout, TimeProvider time) : IAsyncDisposable, IDisposable
{
    private readonly ReplyInbox replies = new(client, time);
    private string? peerId;

    /// <inheritdoc cref="RequestExtensions.RequestAsync(P2PGrpcClient, string, OutgoingMessage, RequestSettings?, CancellationToken)"/>
    public async Task<ReceivedMessage> AskAsync(string to, OutgoingMessage request, RequestSettings settings, CancellationToken cancellationToken)
    {
        var limit = settings.Timeout ?? callTimeout;
        using var deadline = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellationToken);
        var replyBy = limit == Timeout.InfiniteTimeSpan ? default : time.GetUtcNow() + limit;
        var correlationId = OutgoingMessage.NewMessageId();
        // Null: the node may have it, and has not answered yet.
        bool? handedOver = false;
        try
        {
            var reply = await replies.AskAsync(correlationId, SendAsync, either.Token);
            return reply.Headers.ContainsKey(MessageHeaders.ReplyError) ? throw RemoteRequestException.From(reply) : reply;
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new P2PGrpcException(
                StatusCode.DeadlineExceeded, P2PGrpcException.NoReply,
                $"No reply to the request to {to} came within {limit.TotalSeconds:0.###} s. {Describe(handedOver)}")
            { MayHaveHappened = handedOver is not false };
        }

        async Task SendAsync(CancellationToken token)
        {
            var message = request.WithHeaders((MessageHeaders.ReplyTo, await FindPeerIdAsync(limit, token)), (MessageHeaders.CorrelationId, correlationId));
            if (limit != Timeout.InfiniteTimeSpan)
                message = message.WithHeaders((MessageHeaders.ReplyBy, replyBy.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture)));
            handedOver = null;
            await client.SendAsync(to, message, new SendSettings { Timeout = limit, Metadata = settings.Metadata }, limit, token);
            handedOver = true;
        }
    }

    /// <summary>Ends at once; requests that wait fail.</summary>
    public void Dispose() => _ = replies.End();

    public ValueTask DisposeAsync() => replies.DisposeAsync();

    private static string Describe(bool? handedOver) => handedOver switch
    {
        true => "It was handed over, and may still be handled.",
        false => "The node could not be reached.",
        null => "It was being handed over: the node may have it, and it may still be handled.",
    };

    // The node's identity can't change while it runs, and one that was put in its place has other peers.
    private async Task<string> FindPeerIdAsync(TimeSpan limit, CancellationToken cancellationToken) => peerId ??= (await client.CallAsync(
        options => client.Node.GetNodeAsync(new GetNodeRequest(), options), new SendSettings { Timeout = limit }, limit, cancellationToken)).PeerId;
}

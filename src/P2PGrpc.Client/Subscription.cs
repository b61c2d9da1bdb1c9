using System.Runtime.CompilerServices;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>One reading of a node's feed, over as many calls as it takes. A response counts as handed out when the next is asked for.</summary>
internal sealed class Subscription(PeerService.PeerServiceClient stub, SubscribeSettings settings, RetryPause pause)
{
    private FeedCursor? after = settings.After;

    public async IAsyncEnumerable<SubscribeResponse> RunAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var call = Open(cancellationToken);
            P2PGrpcException? fault;
            while ((fault = await TryReadAsync(call, cancellationToken)) is null)
            {
                var response = call.ResponseStream.Current;
                pause.Reset();
                ClientMetrics.CountConsumed(response);
                yield return response;
                Advance(response);
                if (response.CaughtUp && !settings.Follow)
                    yield break;
            }
            if (fault.StatusCode == StatusCode.Unavailable)
                settings.Interrupted?.Invoke(fault);
            if (!await pause.WaitAsync(fault, cancellationToken))
                throw fault;
        }
    }

    private AsyncServerStreamingCall<SubscribeResponse> Open(CancellationToken cancellationToken)
    {
        try
        {
            return stub.Subscribe(CreateRequest(), cancellationToken: cancellationToken);
        }
        catch (RpcException exception)
        {
            throw P2PGrpcException.From(exception);
        }
    }

    // Null if there is a next response. A call that the node ends without an error is taken up again as well.
    private static async Task<P2PGrpcException?> TryReadAsync(
        AsyncServerStreamingCall<SubscribeResponse> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call.ResponseStream.MoveNext(cancellationToken)
                ? null
                : new P2PGrpcException(StatusCode.Unavailable, P2PGrpcException.NodeUnreachable, "The node ended the subscription.");
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return P2PGrpcException.From(exception);
        }
    }

    private SubscribeRequest CreateRequest()
    {
        var request = new SubscribeRequest
        {
            Consumer = settings.Consumer,
            Conversation = settings.Conversation,
            IncludeOwn = settings.IncludeOwn,
        };
        if (after is { } place)
            request.After = place.ToProtocol();
        else if (settings.StartAt != StartAt.Unspecified)
            request.StartAt = settings.StartAt;
        return request;
    }

    private void Advance(SubscribeResponse response)
    {
        if (response.Cursor is { } cursor)
            after = FeedCursor.FromProtocol(cursor);
    }
}

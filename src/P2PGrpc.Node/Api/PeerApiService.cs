using Grpc.Core;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>PeerService as clients see it: everything but Link.</summary>
internal sealed class PeerApiService(Sender sender, Recipients recipients, Subscriptions subscriptions, Consumers consumers, ApiLifetime lifetime, TimeProvider time)
    : PeerService.PeerServiceBase
{
    public override Task<SendResponse> Send(SendRequest request, ServerCallContext context)
    {
        TimeSpan? remaining = context.Deadline == DateTime.MaxValue ? null : context.Deadline - time.GetUtcNow().UtcDateTime;
        return sender.SendAsync(request, remaining, context.CancellationToken);
    }

    public override async Task SendStream(
        IAsyncStreamReader<SendStreamRequest> requestStream, IServerStreamWriter<SendStreamResponse> responseStream, ServerCallContext context)
    {
        using var stop = lifetime.Link(context.CancellationToken);
        var answers = new BatchAnswers(responseStream);
        await using (answers.ConfigureAwait(false))
            try
            {
                await TakeBatchesAsync(requestStream, answers, stop.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (lifetime.IsStopping && !context.CancellationToken.IsCancellationRequested)
            {
                throw ApiLifetime.Ended();
            }
    }

    private async Task TakeBatchesAsync(IAsyncStreamReader<SendStreamRequest> requests, BatchAnswers answers, CancellationToken cancellationToken)
    {
        string? to = null;
        var peer = default(PeerId);
        while (await requests.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            var request = requests.Current;
            if (request.To.Length > 0 ? request.To != to : to is null)
            {
                peer = await recipients.ResolveAsync(request.To, cancellationToken).ConfigureAwait(false);
                to = request.To;
            }

            await answers.AddAsync(sender.SendBatchAsync(peer, request, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        await answers.CompleteAsync().ConfigureAwait(false);
    }

    public override async Task Subscribe(SubscribeRequest request, IServerStreamWriter<SubscribeResponse> responseStream, ServerCallContext context)
    {
        using var stop = lifetime.Link(context.CancellationToken);
        // Headers at once, so that a caller knows that it is subscribed before the first message comes.
        await context.WriteResponseHeadersAsync([]).ConfigureAwait(false);
        try
        {
            await foreach (var response in subscriptions.SubscribeAsync(request, stop.Token).ConfigureAwait(false))
                await responseStream.WriteAsync(response, context.CancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.IsStopping && !context.CancellationToken.IsCancellationRequested)
        {
            throw ApiLifetime.Ended();
        }
    }

    public override async Task<AcknowledgeResponse> Acknowledge(AcknowledgeRequest request, ServerCallContext context)
    {
        await consumers.AcknowledgeAsync(request.Consumer, request.Cursor, context.CancellationToken).ConfigureAwait(false);
        return new AcknowledgeResponse();
    }
}

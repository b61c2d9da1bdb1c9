using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>SendStream and Subscribe of PeerService: where many messages pass, and none is parsed that need not be.</summary>
internal sealed class MessageStreamService(Sender sender, Recipients recipients, Subscriptions subscriptions, ApiLifetime lifetime)
{
    public async Task SendStreamAsync(
        IAsyncStreamReader<OutgoingBatch> requestStream, IServerStreamWriter<SendStreamResponse> responseStream, ServerCallContext context)
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

    private async Task TakeBatchesAsync(IAsyncStreamReader<OutgoingBatch> requests, BatchAnswers answers, CancellationToken cancellationToken)
    {
        string? to = null;
        Recipient? recipient = null;
        while (await requests.MoveNext(cancellationToken).ConfigureAwait(false))
        {
            var request = requests.Current;
            var given = request.To.Length > 0 ? request.To : to ?? "";
            // A room may have been left since the batch before.
            if (given != to || recipient?.Room is not null)
                recipient = await recipients.ResolveAsync(given, cancellationToken).ConfigureAwait(false);
            to = given;

            await answers.AddAsync(sender.SendBatchAsync(recipient!, request, cancellationToken), cancellationToken).ConfigureAwait(false);
        }

        await answers.CompleteAsync().ConfigureAwait(false);
    }

    public async Task SubscribeAsync(SubscribeRequest request, IServerStreamWriter<EncodedResponse> responseStream, ServerCallContext context)
    {
        // Headers at once, so that a caller knows that it is subscribed before the first message comes.
        await context.WriteResponseHeadersAsync([]).ConfigureAwait(false);
        await SubscribeAsync(request, responseStream, static stretch => new EncodedResponse(stretch), context).ConfigureAwait(false);
    }

    /// <summary>As objects, for the JSON view, whose headers wait: the first response comes soon, and a request that is refused has a status of its own in HTTP.</summary>
    public Task SubscribeAsync(SubscribeRequest request, IServerStreamWriter<SubscribeResponse> responseStream, ServerCallContext context) =>
        SubscribeAsync(request, responseStream, static stretch => stretch.ToResponse(), context);

    private async Task SubscribeAsync<T>(SubscribeRequest request, IServerStreamWriter<T> responseStream, Func<FeedStretch, T> form, ServerCallContext context)
    {
        using var stop = lifetime.Link(context.CancellationToken);
        try
        {
            await foreach (var stretch in subscriptions.ReadAsync(request, stop.Token).ConfigureAwait(false))
                await responseStream.WriteAsync(form(stretch), context.CancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.IsStopping && !context.CancellationToken.IsCancellationRequested)
        {
            throw ApiLifetime.Ended();
        }
    }
}

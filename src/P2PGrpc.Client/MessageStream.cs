using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>
/// One run of SendManyAsync. A pump reads the source into a bounded channel; a writer makes batches of what has gathered there and
/// keeps each until it is answered; the enumeration itself reads the answers. A new call begins with the batches left unanswered.
/// </summary>
internal sealed class MessageStream(PeerService.PeerServiceClient stub, string to, bool ephemeral, RetryPause pause)
{
    private readonly Channel<MessageBatcher.Item> gathered = Channel.CreateBounded<MessageBatcher.Item>(
        new BoundedChannelOptions(ClientLimits.GatheredMessages) { SingleReader = true, SingleWriter = true });
    // One item for each batch that is written and not yet answered.
    private readonly Channel<bool> inFlight = Channel.CreateBounded<bool>(ClientLimits.BatchesInFlight);
    private readonly Channel<bool> taken = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Lock gate = new();
    private readonly LinkedList<List<MessageBatcher.Item>> unanswered = [];
    private volatile bool drained;
    private long gatheredBytes;

    public async IAsyncEnumerable<SendResult> RunAsync(
        IAsyncEnumerable<OutgoingMessage> messages, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pump = Task.Run(() => PumpAsync(messages, ending.Token), CancellationToken.None);
        try
        {
            // No call is opened before there is something to send.
            while (await HasMoreAsync(cancellationToken))
            {
                P2PGrpcException? fault = null;
                using (var call = Open(ending.Token))
                {
                    using var written = CancellationTokenSource.CreateLinkedTokenSource(ending.Token);
                    var writer = WriteAsync(call.RequestStream, written.Token);
                    try
                    {
                        while (true)
                        {
                            (var answered, fault) = await ReadAsync(call, cancellationToken);
                            if (answered is null)
                                break;
                            pause.Reset();
                            foreach (var result in answered)
                                yield return result;
                        }
                    }
                    finally
                    {
                        await written.CancelAsync();
                        await JoinAsync(writer);
                    }
                }
                if (fault is null)
                    continue;
                foreach (var result in GiveUpEphemeral(fault))
                    yield return result;
                if (!await pause.WaitAsync(fault, cancellationToken))
                    throw fault;
            }
        }
        finally
        {
            await ending.CancelAsync();
            // A source that waits for its next message, and heeds no cancellation, must not keep the caller from learning how this ended.
            _ = FinishAsync(pump, ending);
        }
        // What the source threw reaches the caller after the results of all messages before.
        await gathered.Reader.Completion;
    }

    private AsyncDuplexStreamingCall<SendStreamRequest, SendStreamResponse> Open(CancellationToken cancellationToken)
    {
        try
        {
            return stub.SendStream(cancellationToken: cancellationToken);
        }
        catch (RpcException exception)
        {
            throw P2PGrpcException.From(exception);
        }
    }

    private async Task PumpAsync(IAsyncEnumerable<OutgoingMessage> messages, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var message in messages.WithCancellation(cancellationToken))
            {
                var item = MessageBatcher.Prepare(message, ephemeral);
                await gathered.Writer.WriteAsync(item, cancellationToken);
                Interlocked.Add(ref gatheredBytes, item.Size);
                // A few large messages must not wait in the same number as small ones may.
                while (Interlocked.Read(ref gatheredBytes) > ClientLimits.GatheredBytes)
                    await taken.Reader.ReadAsync(cancellationToken);
            }
            gathered.Writer.Complete();
        }
        catch (Exception fault)
        {
            gathered.Writer.Complete(fault);
        }
    }

    private async Task<bool> HasMoreAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (unanswered.Count > 0)
                return true;
        }
        try
        {
            return !drained && await gathered.Reader.WaitToReadAsync(cancellationToken);
        }
        catch (Exception) when (gathered.Reader.Completion.IsCompleted)
        {
            return false;
        }
    }

    // Writes what is unanswered, then what gathers, and completes the call at the end of the source.
    private async Task WriteAsync(IClientStreamWriter<SendStreamRequest> stream, CancellationToken cancellationToken)
    {
        List<MessageBatcher.Item>[] again;
        lock (gate)
            again = [.. unanswered];
        var first = true;
        foreach (var batch in again)
        {
            await stream.WriteAsync(MessageBatcher.CreateRequest(batch, first ? to : "", ephemeral), cancellationToken);
            first = false;
        }
        while (await WaitForMessagesAsync(cancellationToken))
        {
            await inFlight.Writer.WriteAsync(true, cancellationToken);
            var batch = Take();
            lock (gate)
                unanswered.AddLast(batch);
            await stream.WriteAsync(MessageBatcher.CreateRequest(batch, first ? to : "", ephemeral), cancellationToken);
            first = false;
        }
        drained = true;
        await stream.CompleteAsync();
    }

    private List<MessageBatcher.Item> Take()
    {
        var batch = MessageBatcher.Take(gathered.Reader);
        Interlocked.Add(ref gatheredBytes, -batch.Sum(item => (long)item.Size));
        taken.Writer.TryWrite(true);
        return batch;
    }

    private async Task<bool> WaitForMessagesAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await gathered.Reader.WaitToReadAsync(cancellationToken);
        }
        catch (Exception) when (gathered.Reader.Completion.IsCompleted && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // The results of the next answer; or none, with the fault that ended the call, or without one at its regular end.
    private async Task<(List<SendResult>? Answered, P2PGrpcException? Fault)> ReadAsync(
        AsyncDuplexStreamingCall<SendStreamRequest, SendStreamResponse> call, CancellationToken cancellationToken)
    {
        try
        {
            if (await call.ResponseStream.MoveNext(cancellationToken))
                return (Answer(call.ResponseStream.Current), null);
            lock (gate)
            {
                return unanswered.Count == 0 && drained
                    ? (null, null)
                    : (null, new P2PGrpcException(
                        StatusCode.Unavailable, P2PGrpcException.NodeUnreachable, "The node ended the stream early."));
            }
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return (null, P2PGrpcException.From(exception));
        }
    }

    private List<SendResult> Answer(SendStreamResponse response)
    {
        List<MessageBatcher.Item> batch;
        lock (gate)
        {
            if (unanswered.First is not { } oldest || oldest.Value.Count != response.Count)
                throw MessageBatcher.Mismatch();
            batch = oldest.Value;
            unanswered.RemoveFirst();
        }
        _ = inFlight.Reader.TryRead(out _);
        ClientMetrics.CountSent(batch.Count, response.Refused);
        return MessageBatcher.Match(batch, response, ephemeral);
    }

    private List<SendResult> GiveUpEphemeral(P2PGrpcException fault)
    {
        var results = new List<SendResult>();
        if (!ephemeral || fault.StatusCode != StatusCode.Unavailable)
            return results;
        lock (gate)
        {
            var error = new P2PGrpcException(
                StatusCode.Unavailable, P2PGrpcException.OutcomeUnknown, "The stream broke: whether the message went out is not known.", fault)
            { MayHaveHappened = true };
            foreach (var item in unanswered.SelectMany(batch => batch))
                results.Add(new SendResult { Message = item.Message, Error = error });
            for (; unanswered.Count > 0; unanswered.RemoveFirst())
                _ = inFlight.Reader.TryRead(out _);
        }
        return results;
    }

    private static async Task FinishAsync(Task pump, CancellationTokenSource ending)
    {
        await JoinAsync(pump);
        ending.Dispose();
    }

    // The reading side reports what ended the call; a writer or pump that it took along has nothing to add.
    private static async Task JoinAsync(Task task) => await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}

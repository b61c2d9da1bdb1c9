using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Protocol;
using Status = Google.Rpc.Status;

namespace P2PGrpc.Node.Web;

/// <summary>Server-sent events: each message as the data of an event, whose id is the cursor if it has one. While nothing is written a comment goes out now and then.
/// A writer waits until the reader has room, so that a slow one holds up only itself. Thread-safe.</summary>
internal sealed class EventStream<T> : IServerStreamWriter<T>, IAsyncDisposable
    where T : class
{
    private static readonly byte[] Comment = ": still here\n\n"u8.ToArray();

    private readonly HttpResponse response;
    private readonly SemaphoreSlim turn = new(1);
    private readonly CancellationTokenSource ending;
    private readonly Task beating;

    public EventStream(HttpResponse response, TimeProvider time, CancellationToken cancellationToken)
    {
        this.response = response;
        ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        response.ContentType = "text/event-stream";
        // Reverse proxies otherwise gather what should arrive at once.
        response.Headers["X-Accel-Buffering"] = "no";
        beating = BeatAsync(new PeriodicTimer(WebLimits.Heartbeat, time));
    }

    public WriteOptions? WriteOptions { get; set; }

    /// <summary>Sends the head of the answer, so that the reader knows that it is subscribed.</summary>
    public Task StartAsync() => SendAsync(ReadOnlyMemory<byte>.Empty, ending.Token);

    public Task WriteAsync(T message) => WriteAsync(message, ending.Token);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        var place = message is SubscribeResponse { Cursor: { } cursor } ? $"id: {EventPlace.Write(cursor)}\n" : "";
        return SendAsync(Encoding.UTF8.GetBytes($"{place}data: {JsonForm.Write((IMessage)message)}\n\n"), cancellationToken);
    }

    /// <summary>Says why the stream ends, once it has begun: the event's type is status, its data a google.rpc.Status.</summary>
    public Task FailAsync(Status status) => SendAsync(Encoding.UTF8.GetBytes($"event: status\ndata: {JsonForm.Write(status)}\n\n"), ending.Token);

    public async ValueTask DisposeAsync()
    {
        await ending.CancelAsync().ConfigureAwait(false);
        await beating.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ending.Dispose();
        turn.Dispose();
    }

    private async Task BeatAsync(PeriodicTimer timer)
    {
        using (timer)
            while (await timer.WaitForNextTickAsync(ending.Token).ConfigureAwait(false))
                await SendAsync(Comment, ending.Token).ConfigureAwait(false);
    }

    private async Task SendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await turn.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await response.Body.WriteAsync(bytes, cancellationToken).ConfigureAwait(false);
            await response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            turn.Release();
        }
    }
}

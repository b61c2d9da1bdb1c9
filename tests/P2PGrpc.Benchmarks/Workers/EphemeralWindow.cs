using System.Globalization;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Keeps an ephemeral producer within what its consumer can take, as a program would that wants its messages to arrive: the consumer
/// says now and then how many it got. Without it a producer would mostly measure how fast a node drops. One producer, one reader.</summary>
internal sealed class EphemeralWindow(INode node) : IDisposable
{
    /// <summary>Messages that the consumer may be behind.</summary>
    public const int Messages = 32 * 1024;

    /// <summary>Messages after which the consumer says how many it got.</summary>
    public const int AnswerEvery = 4096;

    // Ephemeral messages may be lost, and so may answers: after this long without one, all that is out counts as gone.
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(250);

    private readonly SemaphoreSlim answered = new(0);
    private long sent;
    private long received;
    private long written;

    public async ValueTask TakeAsync(int count)
    {
        while (sent - Interlocked.Read(ref received) - written >= Messages)
        {
            if (!await answered.WaitAsync(Patience)) written = sent - Interlocked.Read(ref received);
        }
        sent += count;
    }

    public void Dispose() => answered.Dispose();

    public async Task ReadAsync()
    {
        await foreach (var response in node.SubscribeAsync(new SubscribeRequest { StartAt = StartAt.End }, CancellationToken.None))
        {
            var last = response.Batches.SelectMany(batch => batch.Messages).LastOrDefault()?.Content;
            if (last is null || !long.TryParse(last.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var total)) continue;
            Interlocked.Exchange(ref received, total);
            if (answered.CurrentCount == 0) answered.Release();
        }
    }
}

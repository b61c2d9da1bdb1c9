using System.Threading.Channels;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Delivery;

/// <summary>One reader's wait for what comes next, stored or ephemeral. Of the two, what did not come is waited for further the next time: to cancel it
/// and begin anew would cost each message a change of thread. For one waiter at a time.</summary>
internal sealed class FeedWait(LogStore store, ChannelReader<EphemeralMessages> ephemerals, CancellationToken cancellationToken) : IDisposable
{
    private readonly CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private Task? stored;
    private Task? arrived;

    /// <summary>Completes when something is stored beyond the position, or an ephemeral message is there. It may complete for a position of earlier.</summary>
    public async ValueTask WaitAsync(ulong position)
    {
        stored ??= store.WaitBeyondAsync(position, ending.Token);
        arrived ??= ephemerals.WaitToReadAsync(ending.Token).AsTask();
        await Task.WhenAny(stored, arrived).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (stored.IsCompleted)
        {
            await stored.ConfigureAwait(false);
            stored = null;
        }

        await EndArrivedAsync().ConfigureAwait(false);
    }

    /// <summary>Waits for a repair, or for an ephemeral message, which must not wait for it. False if neither comes within that time.</summary>
    public async ValueTask<bool> WaitAsync(Task repaired, TimeSpan patience, TimeProvider time)
    {
        arrived ??= ephemerals.WaitToReadAsync(ending.Token).AsTask();
        try
        {
            await Task.WhenAny(repaired, arrived).WaitAsync(patience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }

        await EndArrivedAsync().ConfigureAwait(false);
        return true;
    }

    private async ValueTask EndArrivedAsync()
    {
        if (arrived is not { IsCompleted: true } ended)
            return;
        arrived = null;
        await ended.ConfigureAwait(false);
    }

    public void Dispose()
    {
        ending.Cancel();
        ending.Dispose();
    }
}

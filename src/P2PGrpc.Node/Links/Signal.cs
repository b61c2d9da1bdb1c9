using System.Threading.Channels;

namespace P2PGrpc.Node.Links;

/// <summary>Wakes one waiter. Setting it any number of times before a wait counts as once; setting it never blocks. Thread-safe for one waiter.</summary>
internal sealed class Signal
{
    private readonly Channel<bool> pending = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    public void Set() => pending.Writer.TryWrite(true);

    /// <summary>Takes back what was set and not waited for yet.</summary>
    public void Clear() => pending.Reader.TryRead(out _);

    public ValueTask<bool> WaitAsync(CancellationToken cancellationToken) => pending.Reader.ReadAsync(cancellationToken);

    /// <summary>Waits for the signal or until the time is over, whichever comes first.</summary>
    public async Task WaitAsync(TimeSpan timeout, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await pending.Reader.ReadAsync(either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The time is over, which is one of the two things waited for.
        }
    }
}

using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Delivery;

/// <summary>Named consumers: how far each is, and who reads under its name now. Thread-safe.</summary>
internal sealed class Consumers(LogStore store)
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, CancellationTokenSource> readers = [];

    /// <summary>Takes the name over from whoever reads under it. The token ends when the next one does the same.</summary>
    public CancellationTokenSource TakeOver(string name)
    {
        var mine = new CancellationTokenSource();
        CancellationTokenSource? before;
        lock (gate)
        {
            before = readers.GetValueOrDefault(name);
            readers[name] = mine;
        }

        // Never disposed, so this is safe however far the end of the one before has come; without a timer there is nothing to free.
        before?.Cancel();
        return mine;
    }

    public void Leave(string name, CancellationTokenSource mine)
    {
        lock (gate)
        {
            if (readers.GetValueOrDefault(name) == mine)
                readers.Remove(name);
        }
    }

    /// <summary>Notes that the consumer has handled everything up to the cursor. An older cursor than the one noted changes nothing.</summary>
    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, or OUT_OF_RANGE for a cursor that this node did not give.</exception>
    public async Task AcknowledgeAsync(string name, Cursor? cursor, CancellationToken cancellationToken)
    {
        if (!ConsumerName.IsValid(name))
            throw NodeRequestException.Invalid("consumer", ConsumerName.Rule);
        if (cursor is null)
            throw NodeRequestException.Invalid("cursor", "The cursor is missing. Give one that a SubscribeResponse held.");
        Check(cursor.Position, cursor.Check);
        await SetAsync(name, cursor.Position, cursor.Check, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Keeps where a new consumer begins.</summary>
    public Task BeginAsync(string name, ulong position, CancellationToken cancellationToken) =>
        SetAsync(name, position, store.FindCheck(position) ?? 0, cancellationToken);

    private async Task SetAsync(string name, ulong position, ulong check, CancellationToken cancellationToken)
    {
        try
        {
            await store.SetConsumerAsync(name, position, check, cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException failed)
        {
            throw NodeRequestException.OfStore(failed, "The consumer's cursor could not be stored:");
        }
    }

    /// <summary>Refuses a cursor that does not belong to this node's feed as it is now. A place whose hash can't be read has the check value 0.</summary>
    /// <exception cref="NodeRequestException">OUT_OF_RANGE.</exception>
    public void Check(ulong position, ulong check)
    {
        if (position == 0 || (position <= store.LastPosition && (store.FindCheck(position) ?? 0) == check))
            return;
        throw new NodeRequestException(
            StatusCode.OutOfRange, "CURSOR_UNKNOWN",
            "This cursor was not given by this node's present database: another node gave it, or an older database was restored. "
            + "Subscribe anew with start_at, from START_AT_START to miss nothing.");
    }
}

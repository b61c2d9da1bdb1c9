using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>Erases in the background what is kept no longer: looks every few minutes, and at once where there is more than may be. Small steps, between which the store's
/// writer does what others want. Thread-safe.</summary>
internal sealed class Retention : IAsyncDisposable
{
    /// <summary>How often ages are looked at. Also how much of the running time a process that is killed may lose.</summary>
    private static readonly TimeSpan Period = TimeSpan.FromMinutes(10);

    /// <summary>The same while something is spared because nobody else holds it yet: after a start that is known only once others have said so.</summary>
    private static readonly TimeSpan UndeliveredPeriod = TimeSpan.FromSeconds(10);

    /// <summary>The least time between two looks, whatever comes.</summary>
    private static readonly TimeSpan LeastPeriod = TimeSpan.FromSeconds(1);

    /// <summary>How long to wait where the store takes nothing.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(2);

    private readonly LogStore store;
    private readonly Func<bool> releaseReserve;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly HeldBytes held = new();
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim look = new(0, 1);
    private readonly SemaphoreSlim looking = new(1);
    private readonly SemaphoreSlim changing = new(1);
    private RetentionSettings settings;
    private long undeliveredBytes;
    private volatile bool mayBeAcknowledged;
    private readonly Lock counting = new();
    private ulong countedThrough;
    private volatile bool isCounting;
    private volatile bool isCounted;
    private bool hasFailed;
    private Task running = Task.CompletedTask;

    /// <param name="store">The store.</param>
    /// <param name="node">What the node keeps where a conversation says nothing else.</param>
    /// <param name="releaseReserve">Gives back the room that was held for a full disk; false if none was.</param>
    /// <param name="time">For the pauses.</param>
    /// <param name="logger">For what can't be erased.</param>
    public Retention(LogStore store, RetentionLimits node, Func<bool> releaseReserve, TimeProvider time, ILogger logger)
    {
        this.store = store;
        this.releaseReserve = releaseReserve;
        this.time = time;
        this.logger = logger;
        settings = new RetentionSettings(node, store.Query(RetentionTable.Read));
        store.Committed += OnCommitted;
    }

    /// <summary>What is kept, by the node and by single conversations.</summary>
    public RetentionSettings Settings => Volatile.Read(ref settings);

    public void Start() => running = Task.Run(RunAsync);

    /// <summary>Sets what a conversation keeps; empty limits for what the node keeps. What is written after this answered meets these limits, never those of before.</summary>
    /// <exception cref="StoreException">It could not be written.</exception>
    public async Task SetAsync(ConversationId conversation, RetentionLimits limits, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await WriteAsync(conversation, limits, cancellationToken).ConfigureAwait(false);
            var own = new Dictionary<ConversationId, RetentionLimits>(Settings.Own);
            own.Remove(conversation);
            if (!limits.IsEmpty)
                own.Add(conversation, limits);
            Volatile.Write(ref settings, new RetentionSettings(Settings.Node, own));
        }
        finally
        {
            changing.Release();
        }

        LookSoon();
    }

    /// <summary>Sets what the node keeps where a conversation says nothing else, for as long as it runs.</summary>
    public async Task SetNodeAsync(RetentionLimits limits, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            Volatile.Write(ref settings, new RetentionSettings(limits, Settings.Own));
        }
        finally
        {
            changing.Release();
        }

        LookSoon();
    }

    /// <summary>Bytes of bodies that are held of a conversation; null while nothing is limited, and until all of them were counted.</summary>
    public long? CountHeld(ConversationId conversation) => isCounted ? held.Count(conversation).OfConversation : null;

    /// <summary>Looks once, and erases all that is due. One look at a time: two would count what they erase twice.</summary>
    /// <exception cref="StoreException">The store took nothing.</exception>
    public async Task LookAsync(CancellationToken cancellationToken)
    {
        await looking.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await LookAloneAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            looking.Release();
        }
    }

    private async Task LookAloneAsync(CancellationToken cancellationToken)
    {
        var current = Settings;
        if (current.IsEmpty)
            return;
        // First, as it writes nothing: on a full disk the owner wants to see what is held.
        if (!isCounted)
            Count(cancellationToken);
        await store.MarkArrivalAsync(cancellationToken).ConfigureAwait(false);
        var pass = new RetentionPass(store, current, () => Settings, held);
        try
        {
            await pass.RunAsync(cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            // What was being erased may be, or may not: it is counted anew.
            isCounted = isCounting = false;
            throw;
        }

        Volatile.Write(ref undeliveredBytes, pass.UndeliveredBytes);
        mayBeAcknowledged = pass.MayBeAcknowledged;
    }

    public async ValueTask DisposeAsync()
    {
        store.Committed -= OnCommitted;
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
        look.Dispose();
        looking.Dispose();
        changing.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                // Where nothing is limited there is nothing to look at until the owner says otherwise.
                while (Settings.IsEmpty)
                    await look.WaitAsync(stopping.Token).ConfigureAwait(false);
                var pause = Period;
                try
                {
                    await LookAsync(stopping.Token).ConfigureAwait(false);
                    hasFailed = false;
                    if (mayBeAcknowledged)
                        pause = UndeliveredPeriod;
                }
                catch (Exception fault) when (fault is StoreException or SqliteException or IOException)
                {
                    if (!hasFailed)
                        RetentionLog.Failed(logger, fault.Message);
                    hasFailed = true;
                    if (fault is StoreException { Failure: StoreFailure.Full })
                        releaseReserve();
                    pause = RetryDelay;
                }

                await Task.Delay(LeastPeriod, time, stopping.Token).ConfigureAwait(false);
                await WaitAsync(pause).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
        catch (ObjectDisposedException)
        {
            // The store was closed first.
        }
    }

    private async Task WaitAsync(TimeSpan pause)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping.Token);
        var timer = Task.Delay(pause, time, either.Token);
        var signal = look.WaitAsync(either.Token);
        await Task.WhenAny(timer, signal).ConfigureAwait(false);
        await either.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(timer, signal).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Token.ThrowIfCancellationRequested();
    }

    /// <summary>Also on a full disk: what makes room is tried with the room that is held for that.</summary>
    private async Task WriteAsync(ConversationId conversation, RetentionLimits limits, CancellationToken cancellationToken)
    {
        try
        {
            await store.WriteAsync(new RetentionTable.Change(conversation, limits), cancellationToken).ConfigureAwait(false);
        }
        catch (StoreException full) when (full.Failure == StoreFailure.Full && releaseReserve())
        {
            await store.WriteAsync(new RetentionTable.Change(conversation, limits), cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Counts what lies on disk, once; from then on what comes is counted as it comes.</summary>
    private void Count(CancellationToken cancellationToken)
    {
        held.Clear();
        lock (counting)
        {
            // What is committed from here on is told after this.
            countedThrough = store.LastPosition;
            isCounting = true;
        }

        var owners = new Dictionary<long, LogOwner?>();
        var position = 0ul;
        try
        {
            while (store.ReadHeld(position, RetentionPass.RowsPerPage) is { Count: > 0 } rows && position < countedThrough)
            {
                cancellationToken.ThrowIfCancellationRequested();
                foreach (var row in rows.TakeWhile(row => row.FirstPosition <= countedThrough))
                {
                    if (row.Bytes is not { } bytes)
                        continue;
                    if (!owners.TryGetValue(row.Log, out var owner))
                        owners.Add(row.Log, owner = store.FindOwner(row.Log));
                    if (owner is not null)
                        held.Add(owner.Conversation, row.FirstPosition, bytes);
                }

                position = rows[^1].LastPosition;
            }
        }
        catch
        {
            isCounting = false;
            throw;
        }

        // Only now: who asks while it goes on must not take a part for the whole.
        isCounted = true;
    }

    private void OnCommitted(CommittedSegment segment)
    {
        var conversation = segment.Header.Log.Conversation;
        lock (counting)
        {
            if (!isCounting || segment.FirstPosition <= countedThrough || segment.Erased)
                return;
            held.Add(conversation, segment.FirstPosition, segment.Header.BodyLength);
        }

        var current = Settings;
        var (ofConversation, ofAll) = held.Count(conversation);
        if (IsMuchOver(ofConversation, current.BytesOf(conversation)) || IsMuchOver(ofAll, current.Node.Bytes))
            LookSoon();
    }

    /// <summary>A look for each segment would cost more than it frees.</summary>
    private bool IsMuchOver(long bytes, long? limit) => limit is { } most && bytes - Volatile.Read(ref undeliveredBytes) > most + most / 64;

    private void LookSoon()
    {
        try
        {
            if (look.CurrentCount == 0)
                look.Release();
        }
        catch (Exception alreadySaid) when (alreadySaid is SemaphoreFullException or ObjectDisposedException)
        {
            // Somebody else said so at the same moment, or it is over.
        }
    }
}

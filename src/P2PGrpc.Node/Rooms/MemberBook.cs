using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Rooms;

/// <summary>Where members of this node's rooms listen, as they said in records that went from member to member. A record is adopted, which means kept and passed
/// on, once its member has answered there. Until then it waits for its test, in memory only. Thread-safe.</summary>
internal sealed class MemberBook : IDisposable
{
    /// <summary>Records that are adopted of one room: far more than a view of it needs, and each is a row and some hundred bytes.</summary>
    public const int RoomRecords = 1000;

    /// <summary>The same for all rooms together.</summary>
    public const int AllRecords = 20_000;

    private readonly MemberTable table;
    private readonly Random random;
    private readonly Lock gate = new();
    private readonly Dictionary<ConversationId, Dictionary<PeerId, AddressRecord>> adopted = [];
    private readonly WaitingRecords untested;

    // Changes of what is adopted are made one at a time, so that disk and memory stay the same.
    private readonly SemaphoreSlim changing = new(1, 1);

    public MemberBook(MemberTable table, Random random)
    {
        this.table = table;
        this.random = random;
        untested = new WaitingRecords(random);
        foreach (var record in table.Load())
            RecordsOf(record.Conversation)[record.Peer] = record;
    }

    /// <summary>A record was adopted. Raised outside of locks; handlers must not block.</summary>
    public event Action? Changed;

    /// <summary>What is adopted of a room.</summary>
    public IReadOnlyList<AddressRecord> List(ConversationId room)
    {
        lock (gate)
            return adopted.TryGetValue(room, out var records) ? [.. records.Values] : [];
    }

    public AddressRecord? Find(ConversationId room, PeerId peer)
    {
        lock (gate)
            return adopted.GetValueOrDefault(room)?.GetValueOrDefault(peer);
    }

    /// <summary>True if nothing as new is known of this member. Says nothing of the signature.</summary>
    public bool IsNews(AddressRecord record)
    {
        lock (gate)
            return Find(record.Conversation, record.Peer) is var held && (held is null || held.Sequence < record.Sequence)
                && (untested.Find(record.Conversation, record.Peer) is not { } waiting || waiting.Sequence < record.Sequence);
    }

    /// <summary>Has a record wait for its test. The caller has checked the signature.</summary>
    /// <param name="record">The record.</param>
    /// <param name="teller">The neighbour that told of it.</param>
    public void Offer(AddressRecord record, PeerId teller)
    {
        lock (gate)
            untested.Add(record, teller);
    }

    /// <inheritdoc cref="WaitingRecords.Take"/>
    public AddressRecord? TakeUntested(TimeSpan now, Func<bool> tryTake)
    {
        lock (gate)
            return untested.Take(now, tryTake);
    }

    /// <inheritdoc cref="WaitingRecords.NoteFailure"/>
    public void NoteFailure(AddressRecord record, string error)
    {
        lock (gate)
            untested.NoteFailure(record, error);
    }

    /// <inheritdoc cref="WaitingRecords.ListFailed"/>
    public Dictionary<PeerId, string> ListFailed(ConversationId room)
    {
        lock (gate)
            return untested.ListFailed(room);
    }

    /// <summary>Its member has answered at one of its addresses: from now on it counts. A full room makes place by a random record, so that what is known stays a
    /// sample of all members.</summary>
    public Task AdoptAsync(AddressRecord record, CancellationToken cancellationToken) => ChangeAsync(
        async () =>
        {
            AddressRecord? removed;
            lock (gate)
            {
                if (!ReferenceEquals(untested.Find(record.Conversation, record.Peer), record))
                    return false;
                removed = FindReplaced(record);
            }

            await table.WriteAsync(record, removed, cancellationToken).ConfigureAwait(false);
            lock (gate)
            {
                // A newer one may have come meanwhile, whose test is still to come.
                if (ReferenceEquals(untested.Find(record.Conversation, record.Peer), record))
                    untested.Remove(record.Conversation, record.Peer);
                if (removed is not null)
                    RecordsOf(removed.Conversation).Remove(removed.Peer);
                RecordsOf(record.Conversation)[record.Peer] = record;
            }

            return true;
        },
        cancellationToken);

    /// <summary>A member has said that it shares no room with this node any more: its record counts no longer, and is tested again much later.</summary>
    public Task DisownAsync(AddressRecord record, TimeSpan now, CancellationToken cancellationToken) => ChangeAsync(
        async () =>
        {
            lock (gate)
            {
                if (!ReferenceEquals(adopted.GetValueOrDefault(record.Conversation)?.GetValueOrDefault(record.Peer), record))
                    return false;
                RecordsOf(record.Conversation).Remove(record.Peer);
                if (untested.Find(record.Conversation, record.Peer) is null)
                    untested.AddGone(record, now, "It is in no room with this node any more.");
            }

            await table.RemoveAsync(record, cancellationToken).ConfigureAwait(false);
            return true;
        },
        cancellationToken);

    /// <summary>Forgets all of rooms other than these.</summary>
    public Task KeepAsync(IReadOnlySet<ConversationId> rooms, CancellationToken cancellationToken) => ChangeAsync(
        async () =>
        {
            List<ConversationId> gone;
            lock (gate)
            {
                gone = [.. adopted.Keys.Where(room => !rooms.Contains(room))];
                foreach (var room in gone)
                    adopted.Remove(room);
                untested.RemoveOthers(rooms);
            }

            foreach (var room in gone)
                await table.RemoveAsync(room, cancellationToken).ConfigureAwait(false);
            return false;
        },
        cancellationToken);

    public void Dispose() => changing.Dispose();

    private async Task ChangeAsync(Func<Task<bool>> change, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        bool isChanged;
        try
        {
            isChanged = await change().ConfigureAwait(false);
        }
        finally
        {
            changing.Release();
        }

        if (isChanged)
            Changed?.Invoke();
    }

    private AddressRecord? FindReplaced(AddressRecord record)
    {
        var records = RecordsOf(record.Conversation);
        if (records.ContainsKey(record.Peer))
            return null;
        if (records.Count >= RoomRecords)
            return records.Values.ElementAt(random.Next(records.Count));
        if (adopted.Values.Sum(room => room.Count) < AllRecords)
            return null;
        var largest = adopted.Values.MaxBy(room => room.Count)!;
        return largest.Values.ElementAt(random.Next(largest.Count));
    }

    private Dictionary<PeerId, AddressRecord> RecordsOf(ConversationId room) =>
        adopted.TryGetValue(room, out var records) ? records : adopted[room] = [];
}

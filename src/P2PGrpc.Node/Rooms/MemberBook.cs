using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Rooms;

/// <summary>Where members of this node's rooms listen, as they said in records that went from member to member. A record is adopted, which means kept and passed
/// on, once its member has answered there. Until then it waits for its test, in memory only. Thread-safe.</summary>
internal sealed class MemberBook
{
    /// <summary>Records that are adopted of one room: far more than a view of it needs, and each is a row and some hundred bytes.</summary>
    public const int RoomRecords = 1000;

    /// <summary>The same for all rooms together.</summary>
    public const int AllRecords = 20_000;

    /// <summary>Records that wait for a test. Members can make any number.</summary>
    public const int UntestedRecords = 1000;

    /// <summary>The wait before a record is tested again whose member did not answer; it doubles each time.</summary>
    private static readonly TimeSpan FirstRetest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRetest = TimeSpan.FromHours(1);

    private readonly MemberTable table;
    private readonly Random random;
    private readonly Lock gate = new();
    private readonly Dictionary<ConversationId, Dictionary<PeerId, AddressRecord>> adopted = [];
    private readonly Dictionary<(ConversationId Room, PeerId Peer), UntestedRecord> untested = [];

    public MemberBook(MemberTable table, Random random)
    {
        this.table = table;
        this.random = random;
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
                && (!untested.TryGetValue((record.Conversation, record.Peer), out var waiting) || waiting.Record.Sequence < record.Sequence);
    }

    /// <summary>Has a record wait for its test. The caller has checked the signature.</summary>
    public void Offer(AddressRecord record)
    {
        lock (gate)
        {
            var key = (record.Conversation, record.Peer);
            if (!untested.ContainsKey(key) && untested.Count >= UntestedRecords)
                // Whoever floods the rest puts out its own records as well.
                untested.Remove(untested.Keys.ElementAt(random.Next(untested.Count)));
            untested[key] = new UntestedRecord(record, TimeSpan.Zero, TimeSpan.Zero, "");
        }
    }

    /// <summary>A record whose test is due, which counts as begun from then on; null if there is none.</summary>
    /// <param name="now">The time.</param>
    /// <param name="tryTake">Whether one more may be tested now; asked only if there is one.</param>
    public AddressRecord? TakeUntested(TimeSpan now, Func<bool> tryTake)
    {
        lock (gate)
        {
            foreach (var (key, waiting) in untested)
                if (waiting.TestAt <= now)
                {
                    if (!tryTake())
                        return null;
                    var pause = waiting.Pause == TimeSpan.Zero ? FirstRetest : waiting.Pause * 2 < LongestRetest ? waiting.Pause * 2 : LongestRetest;
                    untested[key] = waiting with { TestAt = now + pause, Pause = pause };
                    return waiting.Record;
                }

            return null;
        }
    }

    /// <summary>Notes why a test came to nothing, for the owner to see.</summary>
    public void NoteFailure(AddressRecord record, string error)
    {
        lock (gate)
        {
            var key = (record.Conversation, record.Peer);
            if (untested.TryGetValue(key, out var waiting) && ReferenceEquals(waiting.Record, record))
                untested[key] = waiting with { Error = error };
        }
    }

    /// <summary>Members whose records failed their test, and why.</summary>
    public Dictionary<PeerId, string> ListFailed(ConversationId room)
    {
        lock (gate)
            return untested.Where(waiting => waiting.Key.Room == room && waiting.Value.Error.Length > 0)
                .ToDictionary(waiting => waiting.Key.Peer, waiting => waiting.Value.Error);
    }

    /// <summary>Its member has answered at one of its addresses: from now on it counts. A full room makes place by a random record, so that what is known stays a
    /// sample of all members.</summary>
    public async Task AdoptAsync(AddressRecord record, CancellationToken cancellationToken)
    {
        AddressRecord? removed;
        lock (gate)
        {
            if (!untested.TryGetValue((record.Conversation, record.Peer), out var waiting) || !ReferenceEquals(waiting.Record, record))
                return;
            removed = FindReplaced(record);
        }

        await table.WriteAsync(record, removed, cancellationToken).ConfigureAwait(false);
        lock (gate)
        {
            // The room may have been left meanwhile.
            if (!untested.Remove((record.Conversation, record.Peer)))
                return;
            if (removed is not null)
                RecordsOf(removed.Conversation).Remove(removed.Peer);
            RecordsOf(record.Conversation)[record.Peer] = record;
        }

        Changed?.Invoke();
    }

    /// <summary>A member has said that it shares no room with this node any more: its record counts no longer, and is tested again much later.</summary>
    public async Task DisownAsync(AddressRecord record, TimeSpan now, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (!ReferenceEquals(adopted.GetValueOrDefault(record.Conversation)?.GetValueOrDefault(record.Peer), record))
                return;
            RecordsOf(record.Conversation).Remove(record.Peer);
            untested[(record.Conversation, record.Peer)] = new UntestedRecord(record, now + LongestRetest, LongestRetest, "It is in no room with this node any more.");
        }

        await table.RemoveAsync(record, cancellationToken).ConfigureAwait(false);
        Changed?.Invoke();
    }

    /// <summary>Forgets all of rooms other than these.</summary>
    public async Task KeepAsync(IReadOnlySet<ConversationId> rooms, CancellationToken cancellationToken)
    {
        List<ConversationId> gone;
        lock (gate)
        {
            gone = [.. adopted.Keys.Where(room => !rooms.Contains(room))];
            foreach (var room in gone)
                adopted.Remove(room);
            foreach (var key in untested.Keys.Where(key => !rooms.Contains(key.Room)).ToList())
                untested.Remove(key);
        }

        foreach (var room in gone)
            await table.RemoveAsync(room, cancellationToken).ConfigureAwait(false);
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

    /// <summary>A record that waits for its test.</summary>
    private sealed record UntestedRecord(AddressRecord Record, TimeSpan TestAt, TimeSpan Pause, string Error);
}

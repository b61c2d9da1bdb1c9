using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Rooms;

/// <summary>Address records that wait for a test, in memory only. Members can make any number of them, so rooms, and in a room those who told, take turns, and when there is
/// no room left those lose one who have the most. Not thread-safe.</summary>
internal sealed class WaitingRecords(Random random)
{
    /// <summary>Records that wait.</summary>
    public const int Maximum = 1000;

    /// <summary>The wait before a record is tested again whose member did not answer; it doubles each time.</summary>
    private static readonly TimeSpan FirstRetest = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestRetest = TimeSpan.FromHours(1);

    private readonly Dictionary<(ConversationId Room, PeerId Peer), Waiting> records = [];

    // When it was whose turn last, by a count of turns. Only of those who have records here.
    private readonly Dictionary<ConversationId, Group> rooms = [];
    private long turns;

    public int Count => records.Count;

    /// <summary>The record that waits of a member; null if there is none.</summary>
    public AddressRecord? Find(ConversationId room, PeerId peer) => records.TryGetValue((room, peer), out var waiting) ? waiting.Record : null;

    /// <summary>Has a record wait, in place of an older one of the same member.</summary>
    /// <param name="record">The record.</param>
    /// <param name="teller">Who told of it.</param>
    public void Add(AddressRecord record, PeerId teller) => Add(record, teller, TimeSpan.Zero, TimeSpan.Zero, "");

    /// <summary>Has a record wait that was adopted once, for the longest time.</summary>
    public void AddGone(AddressRecord record, TimeSpan now, string error) => Add(record, record.Peer, now + LongestRetest, LongestRetest, error);

    public bool Remove(ConversationId room, PeerId peer)
    {
        if (!records.Remove((room, peer), out var waiting))
            return false;
        var group = rooms[room];
        var teller = group.Tellers[waiting.Teller];
        group.Count--;
        if (--teller.Count == 0)
            group.Tellers.Remove(waiting.Teller);
        if (group.Count == 0)
            rooms.Remove(room);
        return true;
    }

    public void RemoveOthers(IReadOnlySet<ConversationId> kept)
    {
        foreach (var (room, peer) in records.Keys.Where(key => !kept.Contains(key.Room)).ToList())
            Remove(room, peer);
    }

    /// <summary>A record whose test is due, which counts as begun from then on; null if there is none.</summary>
    /// <param name="now">The time.</param>
    /// <param name="tryTake">Whether one more may be tested now; asked only if there is one.</param>
    public AddressRecord? Take(TimeSpan now, Func<bool> tryTake)
    {
        var due = records.Where(record => record.Value.TestAt <= now).ToList();
        if (due.Count == 0 || !tryTake())
            return null;
        var (key, waiting) = due.MinBy(record => (rooms[record.Key.Room].Turn, rooms[record.Key.Room].Tellers[record.Value.Teller].Turn));
        rooms[key.Room].Turn = rooms[key.Room].Tellers[waiting.Teller].Turn = ++turns;
        var pause = waiting.Pause == TimeSpan.Zero ? FirstRetest : waiting.Pause * 2 < LongestRetest ? waiting.Pause * 2 : LongestRetest;
        records[key] = waiting with { TestAt = now + pause, Pause = pause };
        return waiting.Record;
    }

    /// <summary>Notes why a test came to nothing, for the owner to see.</summary>
    public void NoteFailure(AddressRecord record, string error)
    {
        var key = (record.Conversation, record.Peer);
        if (records.TryGetValue(key, out var waiting) && ReferenceEquals(waiting.Record, record))
            records[key] = waiting with { Error = error };
    }

    /// <summary>Members whose records failed their test, and why.</summary>
    public Dictionary<PeerId, string> ListFailed(ConversationId room) => records
        .Where(waiting => waiting.Key.Room == room && waiting.Value.Error.Length > 0)
        .ToDictionary(waiting => waiting.Key.Peer, waiting => waiting.Value.Error);

    private void Add(AddressRecord record, PeerId teller, TimeSpan testAt, TimeSpan pause, string error)
    {
        if (!Remove(record.Conversation, record.Peer) && records.Count >= Maximum)
            MakePlace();
        records.Add((record.Conversation, record.Peer), new Waiting(record, teller, testAt, pause, error));
        if (!rooms.TryGetValue(record.Conversation, out var group))
            rooms.Add(record.Conversation, group = new Group());
        if (!group.Tellers.TryGetValue(teller, out var ofTeller))
            group.Tellers.Add(teller, ofTeller = new Share());
        group.Count++;
        ofTeller.Count++;
    }

    private void MakePlace()
    {
        var (room, group) = rooms.MaxBy(each => each.Value.Count);
        var teller = group.Tellers.MaxBy(each => each.Value.Count).Key;
        var candidates = records.Where(record => record.Key.Room == room && record.Value.Teller == teller).Select(record => record.Key.Peer).ToList();
        Remove(room, candidates[random.Next(candidates.Count)]);
    }

    private sealed record Waiting(AddressRecord Record, PeerId Teller, TimeSpan TestAt, TimeSpan Pause, string Error);

    private class Share
    {
        public int Count { get; set; }

        public long Turn { get; set; }
    }

    private sealed class Group : Share
    {
        public Dictionary<PeerId, Share> Tellers { get; } = [];
    }
}

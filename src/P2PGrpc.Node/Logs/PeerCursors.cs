using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>How far peers hold this node's own logs, how far their tells were heard, and how much is held of others. In memory at once, on disk soon after: losing
/// the last second of it costs a repeated tell. Holds an entry for each own log and each (peer, own log). Thread-safe.</summary>
internal sealed class PeerCursors
{
    /// <summary>Peers of whom it is kept how far they were heard; the others tell all of it on each link. Members of rooms can come under any number of identities.</summary>
    private const int MaximumHeard = 20_000;

    private readonly Lock gate = new();
    private readonly PeerId self;
    private readonly ConversationId selfConversation;
    private readonly ITimer timer;
    private readonly TimeSpan delay;
    private readonly Dictionary<ConversationId, Dictionary<LogId, Head>> ownLogs = [];
    private readonly Dictionary<(PeerId Peer, LogId Log), ulong> acknowledged = [];
    private readonly Dictionary<LogId, ulong> furthest = [];
    private readonly Dictionary<PeerId, HeardPosition> heard = [];
    private HashSet<(PeerId Peer, LogId Log)> dirtyAcknowledged = [];
    private HashSet<PeerId> dirtyHeard = [];
    private long heardGeneration;
    private bool forgets;
    private bool due;

    /// <param name="self">This node.</param>
    /// <param name="time">For the delay.</param>
    /// <param name="delay">How long changes may wait.</param>
    /// <param name="onDue">Called when changes have waited long enough; then <see cref="Write"/> is to be called.</param>
    public PeerCursors(PeerId self, TimeProvider time, TimeSpan delay, Action onDue)
    {
        this.self = self;
        this.delay = delay;
        Weights = new AuthorWeights(self);
        selfConversation = ConversationId.Direct(self, self);
        timer = time.CreateTimer(_ => onDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>How much is held of others.</summary>
    public AuthorWeights Weights { get; }

    /// <summary>Knows who takes what this node writes in a conversation; called inside of a lock. Without it others are expected everywhere.</summary>
    public Func<ConversationId, Audience> FindAudience { get; set; } = static _ => Audience.Expected;

    /// <summary>Reads all from the database. Once, before anything else.</summary>
    public void Load(StoreConnection connection)
    {
        Weights.Load(connection);
        lock (gate)
        {
            LoadOwnLogs(connection);
            LoadAcknowledged(connection);
            LoadHeard(connection);
        }
    }

    /// <summary>Takes note of a segment that became durable.</summary>
    public void Advance(CommittedSegment segment)
    {
        var header = segment.Header;
        var counts = Weights.Add(segment);
        lock (gate)
        {
            if (counts)
                Arm();
            else
                SetOwnHead(header.Log.Conversation, header.LogId, header.Head);
        }
    }

    /// <summary>Takes note of bodies that were erased.</summary>
    public void Remove(ErasedBodies bodies)
    {
        Weights.Remove(bodies);
        lock (gate)
            Arm();
    }

    public void RecordAcknowledged(PeerId peer, LogKey log, LogId logId, Head head)
    {
        if (log.Author != self)
            return;
        lock (gate)
        {
            if (!ownLogs.TryGetValue(log.Conversation, out var logs)
                || !logs.TryGetValue(logId, out var own)
                || head.Sequence > own.Sequence
                || (head.Sequence == own.Sequence && head.Hash != own.Hash))
                return;
            // Of a room it counts that anybody has it, and nobody asks who: it may have any number of members.
            var holder = log.Conversation == ConversationId.Direct(self, peer) ? peer : self;
            if (head.Sequence <= acknowledged.GetValueOrDefault((holder, logId)))
                return;
            SetAcknowledged(holder, logId, head.Sequence);
            dirtyAcknowledged.Add((holder, logId));
            Arm();
        }
    }

    public ulong GetAcknowledged(PeerId peer, LogId log)
    {
        lock (gate)
            return acknowledged.GetValueOrDefault((peer, log));
    }

    public ulong CountUndelivered(PeerId peer)
    {
        var count = 0ul;
        var conversation = ConversationId.Direct(self, peer);
        if (conversation == selfConversation)
            return count;
        lock (gate)
        {
            if (ownLogs.TryGetValue(conversation, out var logs))
            {
                foreach (var (log, head) in logs)
                    count += head.Sequence - Math.Min(head.Sequence, acknowledged.GetValueOrDefault((peer, log)));
            }
        }

        return count;
    }

    public ulong CountUndelivered(Audience audience)
    {
        var count = 0ul;
        lock (gate)
        {
            foreach (var (conversation, logs) in ownLogs)
            {
                if (AudienceOf(conversation) != audience)
                    continue;
                foreach (var (log, head) in logs)
                    count += head.Sequence - Math.Min(head.Sequence, furthest.GetValueOrDefault(log));
            }
        }

        return count;
    }

    /// <summary>True if somebody else has acknowledged anything of this node in a conversation.</summary>
    public bool IsHeldElsewhere(ConversationId conversation)
    {
        lock (gate)
            return ownLogs.TryGetValue(conversation, out var logs) && logs.Keys.Any(furthest.ContainsKey);
    }

    /// <summary>Own logs whose end nobody else has acknowledged, in all conversations in which there is anybody else.</summary>
    public Undelivered ReadUndelivered()
    {
        var undelivered = new Dictionary<LogId, UndeliveredLog>();
        lock (gate)
        {
            foreach (var (conversation, logs) in ownLogs)
            {
                if (AudienceOf(conversation) is var audience && audience == Audience.Nobody)
                    continue;
                foreach (var (log, head) in logs)
                {
                    if (furthest.GetValueOrDefault(log) is var acknowledged && acknowledged < head.Sequence)
                        undelivered.Add(log, new UndeliveredLog(conversation, acknowledged, head.Sequence - acknowledged, audience));
                }
            }
        }

        return new Undelivered(undelivered);
    }

    public void RecordHeard(PeerId peer, HeardPosition position)
    {
        lock (gate)
        {
            if (heard.TryGetValue(peer, out var known) && known with { Position = position.Position } == position && known.Position >= position.Position)
                return;
            if (heard.Count >= MaximumHeard && !heard.ContainsKey(peer))
                return;
            heard[peer] = position;
            dirtyHeard.Add(peer);
            Arm();
        }
    }

    public HeardPosition GetHeard(PeerId peer)
    {
        lock (gate)
            return heard.GetValueOrDefault(peer);
    }

    /// <summary>Counts how often <see cref="ForgetHeard"/> was called.</summary>
    public long HeardGeneration => Interlocked.Read(ref heardGeneration);

    /// <summary>How far peers were heard is void; what is recorded from now on counts. On disk as soon as the writer comes to it.</summary>
    public void ForgetHeard()
    {
        lock (gate)
        {
            Interlocked.Increment(ref heardGeneration);
            heard.Clear();
            dirtyHeard.Clear();
            (forgets, due) = (true, true);
            timer.Change(TimeSpan.Zero, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Writes what has changed, inside the writer's transaction.</summary>
    /// <returns>To be called if the transaction failed.</returns>
    public Action Write(StoreConnection connection)
    {
        HashSet<(PeerId Peer, LogId Log)> changedAcknowledged;
        HashSet<PeerId> changedHeard;
        bool forgot;
        lock (gate)
        {
            due = false;
            (forgot, forgets) = (forgets, false);
            (changedAcknowledged, dirtyAcknowledged) = (dirtyAcknowledged, []);
            (changedHeard, dirtyHeard) = (dirtyHeard, []);
        }

        Action? putWeightsBack = null;
        try
        {
            putWeightsBack = Weights.Write(connection);
            foreach (var (peer, log) in changedAcknowledged)
                connection.Execute(
                    "INSERT OR REPLACE INTO peer_cursor (peer, log_id, sequence) VALUES ($1, $2, $3)",
                    peer.ToArray(), log.Value.ToArray(), (long)GetAcknowledged(peer, log));
            if (forgot)
                connection.Execute("DELETE FROM heard");
            foreach (var peer in changedHeard)
            {
                var (instance, position, scope) = GetHeard(peer);
                connection.Execute(
                    "INSERT OR REPLACE INTO heard (peer, instance, position, scope) VALUES ($1, $2, $3, $4)",
                    peer.ToArray(), unchecked((long)instance), unchecked((long)position), unchecked((long)scope));
            }
        }
        catch
        {
            PutBack();
            throw;
        }

        return PutBack;

        void PutBack()
        {
            lock (gate)
            {
                dirtyAcknowledged.UnionWith(changedAcknowledged);
                dirtyHeard.UnionWith(changedHeard);
                forgets |= forgot;
                putWeightsBack?.Invoke();
                Arm();
            }
        }
    }

    /// <summary>True if something waits to be written.</summary>
    public bool HasChanges
    {
        get
        {
            lock (gate)
                return Waits;
        }
    }

    private Audience AudienceOf(ConversationId conversation) => conversation == selfConversation ? Audience.Nobody : FindAudience(conversation);

    private bool Waits => forgets || dirtyAcknowledged.Count > 0 || dirtyHeard.Count > 0 || Weights.HasChanges;

    public void Close() => timer.Dispose();

    private void Arm()
    {
        if (due || !Waits)
            return;
        due = true;
        timer.Change(delay, Timeout.InfiniteTimeSpan);
    }

    private void SetOwnHead(ConversationId conversation, LogId log, Head head)
    {
        if (!ownLogs.TryGetValue(conversation, out var logs))
            ownLogs.Add(conversation, logs = []);
        logs[log] = head;
    }

    private void SetAcknowledged(PeerId peer, LogId log, ulong sequence)
    {
        acknowledged[(peer, log)] = sequence;
        furthest[log] = Math.Max(sequence, furthest.GetValueOrDefault(log));
    }

    private void LoadOwnLogs(StoreConnection connection)
    {
        using var row = connection.Bind(
            $"""
            SELECT l.conversation, l.log_id, {SegmentRow.HeaderColumns} FROM log l
            JOIN segment s ON s.position = (SELECT position FROM segment WHERE log = l.id ORDER BY first_sequence DESC LIMIT 1)
            WHERE l.author = $1
            """,
            self.ToArray()).ExecuteReader();
        while (row.Read())
        {
            if (SegmentRow.ReadBytes32(row, 0) is { } conversation
                && SegmentRow.ReadBytes32(row, 1) is { } log
                && SegmentRow.ReadHead(row, 2) is { } head)
                SetOwnHead(new ConversationId(conversation), new LogId(log), head);
        }
    }

    private void LoadAcknowledged(StoreConnection connection)
    {
        using var row = connection.Bind("SELECT peer, log_id, sequence FROM peer_cursor").ExecuteReader();
        while (row.Read())
        {
            if (SegmentRow.ReadBytes32(row, 0) is { } peer && SegmentRow.ReadBytes32(row, 1) is { } log)
                SetAcknowledged(new PeerId(peer), new LogId(log), SegmentRow.ReadUnsigned(row, 2));
        }
    }

    private void LoadHeard(StoreConnection connection)
    {
        using var row = connection.Bind("SELECT peer, instance, position, scope FROM heard").ExecuteReader();
        while (row.Read())
        {
            if (SegmentRow.ReadBytes32(row, 0) is { } peer)
                heard[new PeerId(peer)] = new HeardPosition(SegmentRow.ReadUnsigned(row, 1), SegmentRow.ReadUnsigned(row, 2), SegmentRow.ReadUnsigned(row, 3));
        }
    }
}

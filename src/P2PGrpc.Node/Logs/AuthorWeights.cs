using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>How much is held of each other author in each conversation, as segments weigh. In memory at once, on disk with the cursors: a crash forgets the last second
/// of it, which no quota needs to know. Thread-safe.</summary>
internal sealed class AuthorWeights(PeerId self)
{
    private readonly Lock gate = new();
    private readonly Dictionary<ConversationId, Dictionary<PeerId, long>> held = [];
    private HashSet<(ConversationId Conversation, PeerId Author)> dirty = [];

    /// <summary>True if something waits to be written.</summary>
    public bool HasChanges
    {
        get
        {
            lock (gate)
                return dirty.Count > 0;
        }
    }

    /// <summary>Reads all from the database. Once, before anything else.</summary>
    public void Load(StoreConnection connection)
    {
        using var row = connection.Bind("SELECT conversation, author, weight FROM author_weight").ExecuteReader();
        lock (gate)
        {
            while (row.Read())
            {
                if (SegmentRow.ReadBytes32(row, 0) is { } conversation && SegmentRow.ReadBytes32(row, 1) is { } author && row.GetValue(2) is long weight and > 0)
                    Of(new ConversationId(conversation))[new PeerId(author)] = weight;
            }
        }
    }

    /// <summary>A segment became durable. False if it is not counted.</summary>
    public bool Add(CommittedSegment segment)
    {
        var log = segment.Header.Log;
        if (log.Author == self)
            return false;
        lock (gate)
            Change(log.Conversation, log.Author, segment.Weight);
        return true;
    }

    /// <summary>Bodies were erased.</summary>
    public void Remove(ErasedBodies bodies)
    {
        lock (gate)
            foreach (var freed in bodies.Freed.Where(freed => freed.Author != self))
                Change(bodies.Conversation, freed.Author, -freed.Weight);
    }

    public IReadOnlyList<AuthorWeight> Read(ConversationId conversation)
    {
        lock (gate)
            return held.TryGetValue(conversation, out var authors) ? [.. authors.Select(author => new AuthorWeight(author.Key, author.Value))] : [];
    }

    /// <summary>Writes what has changed, inside the writer's transaction.</summary>
    /// <returns>To be called if the transaction failed.</returns>
    public Action Write(StoreConnection connection)
    {
        HashSet<(ConversationId Conversation, PeerId Author)> changed;
        List<long> weights;
        lock (gate)
        {
            (changed, dirty) = (dirty, []);
            weights = [.. changed.Select(one => held[one.Conversation][one.Author])];
        }

        try
        {
            foreach (var ((conversation, author), weight) in changed.Zip(weights))
                connection.Execute(
                    "INSERT OR REPLACE INTO author_weight (conversation, author, weight) VALUES ($1, $2, $3)",
                    conversation.Value.ToArray(), author.ToArray(), weight);
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
                dirty.UnionWith(changed);
        }
    }

    // What was stored before it was counted may be erased, too.
    private void Change(ConversationId conversation, PeerId author, long weight)
    {
        var authors = Of(conversation);
        authors[author] = Math.Max(0, authors.GetValueOrDefault(author) + weight);
        dirty.Add((conversation, author));
    }

    private Dictionary<PeerId, long> Of(ConversationId conversation)
    {
        if (!held.TryGetValue(conversation, out var authors))
            held.Add(conversation, authors = []);
        return authors;
    }
}

using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>Puts marks in the place of bodies. Rows, headers, positions and heads stay as they are. Writer thread only, inside its transaction.</summary>
internal sealed class SegmentErasure(StoreConnection connection)
{
    /// <summary>Erases, and notes how far. What was erased is added to the events.</summary>
    public void Erase(ErasureWork work, List<StoreEvent> events)
    {
        var anySpared = connection.ReadScalar("SELECT EXISTS (SELECT 1 FROM spared)") is 1L;
        foreach (var ofConversation in work.Due.GroupBy(due => due.Conversation))
        {
            var erased = new List<(ulong First, ulong Last)>();
            var freed = new Dictionary<PeerId, long>();
            foreach (var due in ofConversation)
            {
                if (due.Due == Due.Spare)
                    connection.Execute("INSERT OR IGNORE INTO spared (position) VALUES ($1)", (long)due.FirstPosition);
                else if (TryErase(due.FirstPosition, freed))
                    erased.Add((due.FirstPosition, due.LastPosition));
                if (due.Due == Due.Erase && anySpared)
                    connection.Execute("DELETE FROM spared WHERE position = $1", (long)due.FirstPosition);
            }

            var through = Advance(ofConversation.Key, ofConversation.Max(due => due.LastPosition));
            if (erased.Count > 0)
                events.Add(new StoreEvent.Erased(new ErasedBodies(
                    ofConversation.Key, erased, through, [.. freed.Select(author => new AuthorWeight(author.Key, author.Value))])));
        }
    }

    /// <summary>False where the header can't be read: without it nothing would tell the mark from damage.</summary>
    private bool TryErase(ulong position, Dictionary<PeerId, long> freed)
    {
        SegmentHeader? header;
        using (var row = connection.Bind($"SELECT {SegmentRow.HeaderColumns} FROM segment s WHERE position = $1", (long)position).ExecuteReader())
            header = row.Read() ? SegmentRow.ReadHeader(row) : null;
        if (header is null || connection.Execute("UPDATE segment SET body = $2 WHERE position = $1", (long)position, StoredBody.MakeMark(header)) != 1)
            return false;
        freed[header.Log.Author] = freed.GetValueOrDefault(header.Log.Author) + header.Weight - header.BareWeight;
        return true;
    }

    private ulong Advance(ConversationId conversation, ulong through) => (ulong)(long)connection.ReadScalar(
        """
        INSERT INTO erased (conversation, through) VALUES ($1, $2)
        ON CONFLICT (conversation) DO UPDATE SET through = max(through, excluded.through) RETURNING through
        """,
        conversation.Value.ToArray(), (long)through)!;
}

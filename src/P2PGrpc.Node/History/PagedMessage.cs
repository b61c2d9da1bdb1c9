namespace P2PGrpc.Node.History;

/// <summary>A message of a page in the order of the conversation: held here at a position of the feed, or else seen ahead.</summary>
internal readonly record struct PagedMessage(HistoryPlace Place, ulong Position, AheadMessage? Ahead)
{
    /// <summary>Joins what is held with what was seen ahead. What is both is held: so no message appears twice or vanishes while it turns from the one into the other. Pure.</summary>
    /// <param name="held">Those next to a place, the nearest first.</param>
    /// <param name="ahead">The same, seen ahead.</param>
    /// <param name="older">True if they lie before the place.</param>
    /// <param name="count">How many, at most.</param>
    public static List<PagedMessage> Join(IReadOnlyList<PlacedMessage> held, IEnumerable<AheadMessage> ahead, bool older, int count)
    {
        var places = held.Select(message => message.Place).ToHashSet();
        var all = held.Select(message => new PagedMessage(message.Place, message.Position, null))
            .Concat(ahead.Where(message => !places.Contains(message.Place)).Select(message => new PagedMessage(message.Place, 0, message)));
        return [.. (older ? all.OrderByDescending(message => message.Place) : all.OrderBy(message => message.Place)).Take(count)];
    }
}

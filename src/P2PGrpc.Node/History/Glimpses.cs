using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;

namespace P2PGrpc.Node.History;

/// <summary>Looks ahead of replication for those who look at a conversation of which something is still to come: asks neighbours for its end, and page by page for what lies
/// before. What they answer is shown and nothing else: it is never stored, passed on or counted. Thread-safe.</summary>
internal sealed class Glimpses(ReplicationLoop replication, LinkTable links, TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<ConversationId, Kept> kept = [];

    // Questions that are not answered yet: one for each conversation and link.
    private readonly Dictionary<(ConversationId, LinkId), Task<bool>> open = [];

    // Neighbours that were asked in vain, and when: a page must not wait for the same one again.
    private readonly Dictionary<(ConversationId, LinkId), long> silent = [];

    /// <summary>Measures what is still to come, and asks neighbours for it as far as a page needs that. Waits <see cref="HistoryLimits.Patience"/> at most.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="place">Where the page lies.</param>
    /// <param name="older">True if it lies before the place.</param>
    /// <param name="size">How many messages it has.</param>
    /// <param name="cancellationToken">Nobody waits any more.</param>
    public async Task<Backlog> LookAsync(ConversationId conversation, HistoryPlace place, bool older, int size, CancellationToken cancellationToken)
    {
        var backlog = await MeasureAsync(conversation, cancellationToken).ConfigureAwait(false);
        if (backlog.Holders.Count == 0)
            return backlog;
        var sharing = links.FindSharing(conversation).ToDictionary(session => session.Id);
        using var limit = new CancellationTokenSource(HistoryLimits.Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            for (var questions = 0; questions < HistoryLimits.QuestionsPerPage; questions++)
            {
                var others = backlog.Holders.Where(sharing.ContainsKey).ToList();
                if (Choose(conversation, place, older, size, backlog, others) is not (var link, var before))
                    break;
                if (!await AskAsync(conversation, sharing[link], before, either.Token).ConfigureAwait(false))
                    PassOver(conversation, link);
                else
                    backlog = await MeasureAsync(conversation, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Patience is over: what has come is shown, and the rest when somebody looks again.
        }

        return await MeasureAsync(conversation, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>What is to be shown besides what is held.</summary>
    /// <param name="conversation">The conversation.</param>
    /// <param name="backlog">What <see cref="LookAsync"/> measured.</param>
    /// <param name="isIndexed">True if all that was held when that was measured is indexed now.</param>
    public AheadView Show(ConversationId conversation, Backlog backlog, bool isIndexed)
    {
        lock (gate)
        {
            if (!kept.TryGetValue(conversation, out var found))
                return AheadView.Nothing;
            var glimpse = found.Glimpse;
            if (isIndexed)
                glimpse.Drop(backlog);
            if (glimpse.Weight == 0)
                kept.Remove(conversation);
            found.UsedAt = time.GetTimestamp();
            // What came since it was measured may be held already, or be of somebody who is muted.
            var measured = glimpse.Messages.Where(message => backlog.Standings.ContainsKey(message.Segment.Header.LogId)).ToList();
            return new AheadView(measured, backlog, glimpse.Before == 0 ? null : glimpse.Oldest);
        }
    }

    private async Task<Backlog> MeasureAsync(ConversationId conversation, CancellationToken cancellationToken)
    {
        IReadOnlyCollection<LogKey> logs;
        lock (gate)
            logs = kept.GetValueOrDefault(conversation)?.Glimpse.Logs ?? [];
        return await replication.MeasureAsync(conversation, logs, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Whom to ask next, and for what; null if the page has all that it needs, or nobody is left.</summary>
    private (LinkId Link, ulong Before)? Choose(ConversationId conversation, HistoryPlace place, bool older, int size, Backlog backlog, List<LinkId> others)
    {
        lock (gate)
        {
            others.RemoveAll(link => silent.TryGetValue((conversation, link), out var since) && time.GetElapsedTime(since) < HistoryLimits.Silence);
            if (others.Count == 0)
                return null;
            if (kept.GetValueOrDefault(conversation)?.Glimpse is not { } glimpse)
                return (others[0], 0);
            if (CountSeen(glimpse, backlog) >= backlog.Missing)
                return null;
            if ((place == HistoryPlace.End || !older) && time.GetElapsedTime(glimpse.SeenAt) > HistoryLimits.LookAge)
                return (others[0], 0);
            if (!older || glimpse.Before == 0 || place.CompareTo(glimpse.Oldest) < 0 || glimpse.Messages.Count(message => message.Place.CompareTo(place) < 0) > size)
                return null;
            return others.Contains(glimpse.Source) ? (glimpse.Source, glimpse.Before) : (others[0], 0);
        }
    }

    private void PassOver(ConversationId conversation, LinkId link)
    {
        lock (gate)
        {
            foreach (var (key, since) in silent)
                if (time.GetElapsedTime(since) >= HistoryLimits.Silence)
                    silent.Remove(key);
            silent[(conversation, link)] = time.GetTimestamp();
        }
    }

    private static ulong CountSeen(Glimpse glimpse, Backlog backlog) => (ulong)glimpse.Messages.LongCount(
        message => backlog.Find(message.Segment.Header.LogId) is { Taken: true } standing && message.Place.Sequence > standing.Durable);

    /// <summary>False if nothing came in time that is of use. What comes later is kept all the same.</summary>
    private async Task<bool> AskAsync(ConversationId conversation, LinkSession session, ulong before, CancellationToken cancellationToken)
    {
        Task<bool>? asking;
        lock (gate)
        {
            if (!open.TryGetValue((conversation, session.Id), out asking))
                open[(conversation, session.Id)] = asking = Task.Run(() => FetchAsync(conversation, session, before), CancellationToken.None);
        }

        try
        {
            return await asking.WaitAsync(HistoryLimits.NeighbourPatience, time, cancellationToken).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private async Task<bool> FetchAsync(ConversationId conversation, LinkSession session, ulong before)
    {
        var stretch = await session.Recalls.AskAsync(conversation, before).ConfigureAwait(false);
        lock (gate)
        {
            open.Remove((conversation, session.Id));
            if (stretch is null)
                return false;
            var found = kept.GetValueOrDefault(conversation) ?? new Kept();
            if (!found.Glimpse.Take(session.Id, before, stretch, time.GetTimestamp()))
                return false;
            kept[conversation] = found;
            found.UsedAt = time.GetTimestamp();
            LetGo(found);
            return true;
        }
    }

    /// <summary>Keeps all together bounded: those go that nobody has looked at for the longest time.</summary>
    private void LetGo(Kept latest)
    {
        var weight = kept.Values.Sum(each => each.Glimpse.Weight);
        foreach (var (conversation, each) in kept.Where(each => each.Value != latest).OrderBy(each => each.Value.UsedAt).ToList())
        {
            if (weight <= HistoryLimits.AheadInAll)
                return;
            weight -= each.Glimpse.Weight;
            kept.Remove(conversation);
        }
    }

    private sealed class Kept
    {
        public Glimpse Glimpse { get; } = new();

        public long UsedAt { get; set; }
    }
}

using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Replication;

/// <summary>Bounds how many bytes of each author, and of all others together, are held and come in a minute: in rooms, and from strangers. Nothing is lost by it: what goes
/// beyond stays with who told of it, and is asked for when there is room again. It counts what goes to the store, so a flood counts once over however many
/// links it comes. This node's own logs are not bounded.</summary>
internal sealed class ByteQuota(ReplicatorState state)
{
    /// <summary>What the owner bounds has changed, or less is held. Returns what may be asked for again.</summary>
    public IReadOnlyList<LogState> Take(ReplicatorInput input) => input switch
    {
        ReplicatorInput.Bound bound => SetScope(state.GetConversation(bound.Conversation), bound.Scope),
        ReplicatorInput.Freed freed => Erase(state.GetConversation(freed.Conversation), freed.Author, freed.Weight),
        ReplicatorInput.Quotas quotas => SetQuotas(quotas),
        _ => [],
    };

    /// <summary>Whether a conversation's bytes are bounded. Returns what may be asked for because they are not any more.</summary>
    private IReadOnlyList<LogState> SetScope(ConversationState conversation, QuotaScope scope)
    {
        if (conversation.Scope == scope)
            return [];
        var held = conversation.Meters.Values.Sum(meter => meter.Held);
        IReadOnlyList<LogState> freed = conversation.Whole is { } before && before.Erase(held) ? before.TakeWaiting() : [];
        conversation.Scope = scope;
        conversation.Whole = scope switch
        {
            QuotaScope.Room => new ByteMeter(state.Limits, state.Limits.AllBytes, state.Limits.AllRate, ofAuthor: false),
            QuotaScope.Strangers => state.Strangers,
            _ => null,
        };
        conversation.Whole?.Load(held);
        return scope == QuotaScope.None ? [.. freed, .. conversation.Logs.Values.Where(log => log.WaitsFor is not null)] : freed;
    }

    /// <summary>What is held of each author is known now.</summary>
    public void Load(ConversationState conversation, IReadOnlyList<AuthorWeight> weights)
    {
        foreach (var (author, weight) in weights)
        {
            if (author == state.Self)
                continue;
            GetMeter(conversation, author).Load(weight);
            conversation.Whole?.Load(weight);
        }
    }

    /// <summary>True if more of the log may be asked for at this moment. Otherwise it waits until it may.</summary>
    public bool TryAsk(LogState log)
    {
        if (FindObstacle(log) is { } meter)
        {
            meter.Wait(log);
            return false;
        }

        log.WaitsFor?.Leave(log);
        return true;
    }

    /// <summary>What keeps more of the log from being asked for; null if nothing does.</summary>
    public ByteMeter? FindObstacle(LogState log)
    {
        if (!IsBounded(log))
            return null;
        if (log.Conversation.Meters.TryGetValue(log.Key.Author, out var ofAuthor) && ofAuthor.Blocks)
            return ofAuthor;
        return log.Conversation.Whole is { Blocks: true } whole ? whole : null;
    }

    /// <summary>False if a segment that came may not go to the store now: it will be asked for again.</summary>
    public bool Admits(LogState log, int weight)
    {
        if (!IsBounded(log))
            return true;
        var whole = log.Conversation.Whole!;
        // Of whom nothing was taken yet there is nothing to count: what is shown by many who never come must not stay.
        if (log.Conversation.Meters.TryGetValue(log.Key.Author, out var ofAuthor) && (!ofAuthor.TryFit(weight) || ofAuthor.IsOverdrawn(state.Now)))
            return false;
        return whole.TryFit(weight) && !whole.IsOverdrawn(state.Now);
    }

    /// <summary>A segment goes to the store.</summary>
    public void Charge(LogState log, int weight)
    {
        if (!IsBounded(log))
            return;
        Charge(GetMeter(log.Conversation, log.Key.Author), weight);
        Charge(log.Conversation.Whole!, weight);
    }

    /// <summary>The store did not take it.</summary>
    public void Refund(LogState log, int weight)
    {
        if (!IsBounded(log))
            return;
        GetMeter(log.Conversation, log.Key.Author).Refund(weight);
        log.Conversation.Whole!.Refund(weight);
    }

    /// <summary>The owner has set other quotas. Returns what may be asked for again.</summary>
    private List<LogState> SetQuotas(ReplicatorInput.Quotas quotas)
    {
        state.Limits = state.Limits with
        {
            AuthorBytes = quotas.AuthorBytes,
            AllBytes = quotas.AllBytes,
            AuthorRate = quotas.AuthorRate,
            AllRate = quotas.AllRate,
        };
        var freed = new List<LogState>();
        SetBounds(state.Strangers, quotas.AllBytes, quotas.AllRate, freed);
        foreach (var conversation in state.Conversations.Values)
        {
            foreach (var meter in conversation.Meters.Values)
                SetBounds(meter, quotas.AuthorBytes, quotas.AuthorRate, freed);
            if (conversation.Whole is { } whole && whole != state.Strangers)
                SetBounds(whole, quotas.AllBytes, quotas.AllRate, freed);
        }

        return freed;
    }

    private void SetBounds(ByteMeter meter, long? bytes, long? rate, List<LogState> freed)
    {
        meter.SetBounds(state.Now, bytes, rate);
        if (meter.DueAt is not null)
            state.Deadlines.Set(meter, rate is not null && meter.PauseEnd > state.Now ? meter.PauseEnd : null);
        if (!meter.Blocks)
            freed.AddRange(meter.TakeWaiting());
    }

    /// <summary>Bytes of an author were erased here. Returns what may be asked for again.</summary>
    private static IReadOnlyList<LogState> Erase(ConversationState conversation, PeerId author, long weight)
    {
        if (!conversation.Meters.TryGetValue(author, out var ofAuthor))
            return [];
        // What was stored before it was counted may be erased, too: of the others' part nothing is taken for it.
        var counted = Math.Min(weight, ofAuthor.Held);
        var (authorFits, allFit) = (ofAuthor.Erase(counted), conversation.Whole?.Erase(counted) ?? false);
        return [.. authorFits ? ofAuthor.TakeWaiting() : [], .. allFit ? conversation.Whole!.TakeWaiting() : []];
    }

    /// <summary>A pause may be over. Returns what may be asked for again.</summary>
    public IReadOnlyList<LogState> OnDue(ByteMeter meter)
    {
        if (meter.PauseEnd <= state.Now)
            return meter.TakeWaiting();
        state.Deadlines.Set(meter, meter.PauseEnd);
        return [];
    }

    /// <summary>The owner hears, now and then, which quota is used up.</summary>
    public void Announce(LogState log, ByteMeter meter)
    {
        if (meter.TryAnnounce(state.Now))
            state.Emit(new ReplicatorOutput.QuotaReached(log.Key, meter.Reason));
    }

    private void Charge(ByteMeter meter, int weight)
    {
        if (meter.Charge(state.Now, weight) && meter.DueAt is null)
            state.Deadlines.Set(meter, meter.PauseEnd);
    }

    private bool IsBounded(LogState log) => log.Conversation.Scope != QuotaScope.None && log.Key.Author != state.Self;

    private ByteMeter GetMeter(ConversationState conversation, PeerId author)
    {
        if (!conversation.Meters.TryGetValue(author, out var meter))
            conversation.Meters.Add(author, meter = new ByteMeter(state.Limits, state.Limits.AuthorBytes, state.Limits.AuthorRate, ofAuthor: true));
        return meter;
    }
}

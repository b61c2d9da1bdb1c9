using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Replication;

/// <summary>Which links are up and what is shared on each.</summary>
internal sealed class LinkRegister(ReplicatorState state, CreditBudget credit, PusherChoice choice, Repairs repairs)
{
    public void Add(ReplicatorInput.LinkUp up)
    {
        InvariantException.Check(!state.Links.ContainsKey(up.Link), "A link's name is never used twice.");

        // A position that was never reached here was told by a database that is gone: tell everything.
        var toldThrough = up.ToldThrough <= state.Position ? up.ToldThrough : 0;
        var link = new LinkState(up, toldThrough);
        state.Links.Add(up.Link, link);
        state.Starting.Add(link);
    }

    public void Remove(LinkState link)
    {
        if (link.Down)
            return;
        link.Down = true;
        state.Links.Remove(link.Id);
        state.Deadlines.Set(link, null);
        credit.Close(link);
        HeardPositions.End(link);
        foreach (var conversation in link.Shared.Keys)
            conversation.Links.Remove(link);
        link.Shared.Clear();
        foreach (var linkedLog in link.Logs.Values)
            Forget(linkedLog);
        link.Logs.Clear();
        state.Named -= link.Named;
        link.HeldWants.Clear();
    }

    public void Share(LinkState link, ConversationState conversation, IReadOnlySet<PeerId>? authors)
    {
        if (link.Shared.ContainsKey(conversation))
            DropWhere(link, linkedLog => linkedLog.Log.Conversation == conversation && authors?.Contains(linkedLog.Log.Key.Author) == false);
        else
            Begin(link, conversation);
        link.Shared[conversation] = authors;
    }

    private void Begin(LinkState link, ConversationState conversation)
    {
        if (conversation.Links.Count == 0)
            conversation.LinkedSince = state.Now;
        conversation.Links.Add(link);
        if (!link.Started)
            return;
        // What the other side calls told by now may have been told without this conversation: on the next link it is told anew.
        link.SharedLater.Add(conversation);
        HeardPositions.End(link);
    }

    public void Unshare(LinkState link, ConversationState conversation)
    {
        if (!link.Shared.Remove(conversation))
            return;
        conversation.Links.Remove(link);
        HeardPositions.End(link);
        DropWhere(link, linkedLog => linkedLog.Log.Conversation == conversation);
    }

    private void DropWhere(LinkState link, Func<LinkedLog, bool> belongs)
    {
        foreach (var linkedLog in link.Logs.Values.Where(belongs).ToList())
        {
            if (linkedLog.Log.Pusher == linkedLog)
                state.Emit(new ReplicatorOutput.SendUnwant(link.Id, linkedLog.Log.Id));
            if (linkedLog.Needed != 0)
                HeardPositions.End(link);
            state.Uncount(linkedLog);
            link.Logs.Remove(linkedLog.Log.Id);
            Forget(linkedLog);
        }
    }

    private void Forget(LinkedLog linkedLog)
    {
        var log = linkedLog.Log;
        linkedLog.Removed = true;
        linkedLog.Want = WantKind.None;
        ReplicatorState.CountUntold(linkedLog);
        log.Links.Remove(linkedLog);
        repairs.OnGone(linkedLog);
        if (log.Accuser == linkedLog)
            log.Accuser = null;
        if (log.Pusher == linkedLog)
        {
            choice.End(log);
            choice.Consider(log);
        }

        state.ForgetIfEmpty(log);
    }
}

using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Replication;

/// <summary>Which links are up and what is shared on each.</summary>
internal sealed class LinkRegister(ReplicatorState state, CreditBudget credit, PusherChoice choice)
{
    public void Add(ReplicatorInput.LinkUp up)
    {
        InvariantException.Check(!state.Links.ContainsKey(up.Link), "A link's name is never used twice.");

        // A position that was never reached here was told by a database that is gone: tell everything.
        var toldThrough = up.ToldThrough <= state.Position ? up.ToldThrough : 0;
        state.Links.Add(up.Link, new LinkState(up, toldThrough));
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
        foreach (var linkLog in link.Logs.Values)
            Forget(linkLog);
        link.Logs.Clear();
        link.HeldWants.Clear();
    }

    public void Share(LinkState link, ConversationState conversation, IReadOnlySet<PeerId>? authors)
    {
        if (link.Shared.ContainsKey(conversation))
            DropWhere(link, linkLog => linkLog.Log.Conversation == conversation && authors?.Contains(linkLog.Log.Key.Author) == false);
        else
            conversation.Links.Add(link);
        link.Shared[conversation] = authors;
    }

    public void Unshare(LinkState link, ConversationState conversation)
    {
        if (!link.Shared.Remove(conversation))
            return;
        conversation.Links.Remove(link);
        DropWhere(link, linkLog => linkLog.Log.Conversation == conversation);
    }

    private void DropWhere(LinkState link, Func<LinkLog, bool> belongs)
    {
        foreach (var linkLog in link.Logs.Values.Where(belongs).ToList())
        {
            if (linkLog.Log.Pusher == linkLog)
                state.Emit(new ReplicatorOutput.SendUnwant(link.Id, linkLog.Log.Id));
            if (linkLog.Needed != 0)
                HeardPositions.End(link);
            if (linkLog.Named)
                link.Named--;
            link.Logs.Remove(linkLog.Log.Id);
            Forget(linkLog);
        }
    }

    private void Forget(LinkLog linkLog)
    {
        var log = linkLog.Log;
        linkLog.Removed = true;
        linkLog.Want = WantKind.None;
        ReplicatorState.CountUntold(linkLog);
        log.Links.Remove(linkLog);
        if (log.Accuser == linkLog)
            log.Accuser = null;
        if (log.Pusher == linkLog)
        {
            choice.End(log);
            choice.Consider(log);
        }

        state.ForgetIfEmpty(log);
    }
}

using System.Diagnostics.CodeAnalysis;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>What all parts of a replicator share: the tables, the time of the step, and where its outputs go.</summary>
internal sealed class ReplicatorState(PeerId self, ReplicatorLimits limits, ulong position)
{
    public PeerId Self { get; } = self;

    /// <summary>The limits, and the quotas as the owner has set them last.</summary>
    public ReplicatorLimits Limits { get; set; } = limits;

    public Dictionary<LinkId, LinkState> Links { get; } = [];

    public Dictionary<LogId, LogState> Logs { get; } = [];

    public Dictionary<ConversationId, ConversationState> Conversations { get; } = [];

    /// <summary>Counts the bytes of all strangers' direct conversations that were shared in this process.</summary>
    public ByteMeter Strangers { get; } = new(limits, limits.AllBytes, limits.AllRate, ofAuthor: false);

    /// <summary>Authors of whom the owner wants nothing in any conversation.</summary>
    public HashSet<PeerId> UnwantedAuthors { get; } = [];

    public Deadlines Deadlines { get; } = new();

    public TimeSpan Now { get; set; } = TimeSpan.MinValue;

    /// <summary>All entries of the feed through this position are known to be on disk, and in which logs they are.</summary>
    public ulong Position { get; set; } = position;

    /// <summary>Segments that the store refused because it took nothing, as far as it is known here.</summary>
    public long StoreRefusals { get; set; }

    /// <summary>How many logs of which nothing is held the other sides of all links have named; one that several name counts for each.</summary>
    public int Named { get; set; }

    /// <summary>How many logs the store was asked to freeze and has not answered.</summary>
    public int Freezes { get; set; }

    /// <summary>Proofs that wait for their logs to come as far as the fork.</summary>
    public Dictionary<LogId, EarlyProof> EarlyProofs { get; } = [];

    /// <summary>Links that came up in this step.</summary>
    public List<LinkState> Starting { get; } = [];

    /// <summary>Links to forget at the end of this step.</summary>
    public List<LinkState> Closing { get; } = [];

    public List<ReplicatorOutput> Outputs { get; set; } = [];

    public void Emit(ReplicatorOutput output) => Outputs.Add(output);

    public ConversationState GetConversation(ConversationId id)
    {
        if (!Conversations.TryGetValue(id, out var conversation))
            Conversations.Add(id, conversation = new ConversationState(id, UnwantedAuthors));
        return conversation;
    }

    public LogState GetLog(ConversationState conversation, LogKey key, LogId id)
    {
        if (Logs.TryGetValue(id, out var log))
            return log;
        log = new LogState(conversation, key, id);
        Logs.Add(id, log);
        conversation.Logs.Add(id, log);
        return log;
    }

    public static LinkedLog GetLinkedLog(LinkState link, LogState log)
    {
        if (link.Logs.TryGetValue(log.Id, out var linkedLog))
            return linkedLog;
        linkedLog = new LinkedLog(link, log);
        if (log.Known && link.KnewAtStart(log))
            linkedLog.Told = log.Durable.Sequence;
        link.Logs.Add(log.Id, linkedLog);
        log.Links.Add(linkedLog);
        CountUntold(linkedLog);
        return linkedLog;
    }

    /// <summary>The same for a log that the other side named. False, and the link is closed, if it named too many of which nothing is held.</summary>
    public bool TryGetNamed(LinkState link, LogState log, [NotNullWhen(true)] out LinkedLog? linkedLog)
    {
        if (log.Held)
        {
            linkedLog = GetLinkedLog(link, log);
            return true;
        }

        if (!link.Logs.TryGetValue(log.Id, out linkedLog) || !linkedLog.Named)
        {
            if (NamesTooMany(link))
            {
                Close(link, CloseReason.TooManyLogs);
                ForgetIfEmpty(log);
                linkedLog = null;
                return false;
            }

            linkedLog = GetLinkedLog(link, log);
            linkedLog.Named = true;
            link.Named++;
            Named++;
        }

        return true;
    }

    /// <summary>Something of the log is held now, or it is left: who named it may name others.</summary>
    public void Uncount(LinkedLog linkedLog)
    {
        if (!linkedLog.Named)
            return;
        linkedLog.Named = false;
        linkedLog.Link.Named--;
        Named--;
    }

    public void UncountIfHeld(LogState log)
    {
        if (!log.Held)
            return;
        foreach (var linkedLog in log.Links)
            Uncount(linkedLog);
    }

    private bool NamesTooMany(LinkState link) =>
        link.Named >= Limits.LogsPerLink || (Named >= Limits.LogsNamed && link.Named >= Limits.LogsNamed / Links.Count);

    public void Close(LinkState link, CloseReason reason)
    {
        if (link.Down || link.Closing)
            return;
        link.Closing = true;
        Closing.Add(link);
        Emit(new ReplicatorOutput.Close(link.Id, reason));
    }

    /// <summary>Keeps the link's count right after the log or what was told of it moved.</summary>
    public static void CountUntold(LinkedLog linkedLog)
    {
        var untold = !linkedLog.Removed && linkedLog.Told < linkedLog.Log.Durable.Sequence;
        if (untold == linkedLog.CountedUntold)
            return;
        linkedLog.CountedUntold = untold;
        linkedLog.Link.Untold += untold ? 1 : -1;
    }

    /// <summary>Forgets a log of which nothing is held and nobody speaks, so that peers can't fill memory by naming logs.</summary>
    public void ForgetIfEmpty(LogState log)
    {
        if (!log.Forgettable || !Logs.TryGetValue(log.Id, out var known) || known != log)
            return;
        Deadlines.Set(log, null);
        log.WaitsFor?.Leave(log);
        Logs.Remove(log.Id);
        EarlyProofs.Remove(log.Id);
        log.Conversation.Logs.Remove(log.Id);
    }
}

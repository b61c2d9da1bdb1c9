using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using ForkProof = P2PGrpc.Core.Logs.ForkProof;
using Head = P2PGrpc.Core.Logs.Head;
using LogKey = P2PGrpc.Core.Logs.LogKey;

namespace P2PGrpc.Node.Links;

/// <summary>What replication has to say to the rest of the node. Handlers run in a turn of replication, on whatever thread that is, and must not block.</summary>
internal sealed class ReplicationEvents
{
    /// <summary>A peer holds a log of ours up to this head.</summary>
    public event Action<PeerId, LogKey, LogId, Head>? Acknowledged;

    /// <summary>Somebody signed two segments at one place.</summary>
    public event Action<ForkProof>? Forked;

    public void RaiseAcknowledged(PeerId peer, LogKey log, LogId logId, Head head) => Acknowledged?.Invoke(peer, log, logId, head);

    /// <summary>Replication has stopped because one of its own rules was broken.</summary>
    public event Action? Stopped;

    /// <summary>An author has begun more logs in a conversation than this node holds. Raised a few times a minute at most.</summary>
    public event Action<PeerId>? QuotaReached;

    /// <summary>More logs were begun in a conversation than this node holds in one.</summary>
    public event Action<ConversationId>? ConversationFull;

    /// <summary>A peer turns away a log of ours because of a quota of its own. Raised a few times a minute at most.</summary>
    public event Action<PeerId>? QuotaReachedThere;

    public void RaiseQuotaReached(PeerId author) => QuotaReached?.Invoke(author);

    public void RaiseConversationFull(ConversationId conversation) => ConversationFull?.Invoke(conversation);

    public void RaiseQuotaReachedThere(PeerId peer) => QuotaReachedThere?.Invoke(peer);

    public void RaiseForked(ForkProof proof) => Forked?.Invoke(proof);

    public void RaiseStopped() => Stopped?.Invoke();
}

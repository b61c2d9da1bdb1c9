using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
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

    /// <summary>A quota is used up, and keeps a log away. Raised a few times a minute at most.</summary>
    public event Action<LogKey, QuotaReason>? QuotaReached;

    /// <summary>A peer turns away a log of ours because of a quota of its own. Raised a few times a minute at most.</summary>
    public event Action<PeerId>? QuotaReachedThere;

    public void RaiseQuotaReached(LogKey log, QuotaReason reason) => QuotaReached?.Invoke(log, reason);

    public void RaiseQuotaReachedThere(PeerId peer) => QuotaReachedThere?.Invoke(peer);

    public void RaiseForked(ForkProof proof) => Forked?.Invoke(proof);

    public void RaiseStopped() => Stopped?.Invoke();
}

using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Logs;

/// <summary>Those who watch the store. One that fails takes neither the others nor the writer with it.</summary>
internal sealed class StoreWatchers(ILogger logger, TimeProvider time)
{
    /// <summary>Lines about frozen logs in one minute: a peer can fork as many as it likes.</summary>
    private const int FrozenPerMinute = 5;

    /// <summary>Lines about repairs in one minute: after a bad disk there may be thousands.</summary>
    private const int RepairsPerMinute = 60;

    private readonly AnnouncementRate repairLines = new(RepairsPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly AnnouncementRate frozenLines = new(FrozenPerMinute, TimeSpan.FromMinutes(1), time);

    public event Action<CommittedSegment>? Committed;

    public event Action<LogId, Head, StoreFailure>? SegmentRefused;

    public event Action<LogId, ForkProof?>? Frozen;

    public event Action<LogId, Head, ulong?, StoreFailure?>? Repaired;

    public event Action<ErasedBodies>? Erased;

    public event Action<StoreHealth>? HealthChanged;

    public void Raise(StoreEvent raised)
    {
        switch (raised)
        {
            case StoreEvent.Committed committed:
                Tell(Committed, watcher => watcher(committed.Segment));
                break;
            case StoreEvent.Refused refused:
                Tell(SegmentRefused, watcher => watcher(refused.Log, refused.Head, refused.Failure));
                break;
            case StoreEvent.Repaired repaired:
                if (repaired.Failure is null && repairLines.TryTake())
                    StoreLog.Repaired(logger, repaired.Log.ToString(), repaired.Head.Sequence);
                Tell(Repaired, watcher => watcher(repaired.Log, repaired.Head, repaired.Position, repaired.Failure));
                break;
            case StoreEvent.Erased erased:
                Tell(Erased, watcher => watcher(erased.Bodies));
                break;
            case StoreEvent.Frozen frozen:
                if (frozen.Proof is not null && frozenLines.TryTake())
                    StoreLog.Frozen(logger, frozen.Log.ToString());
                Tell(Frozen, watcher => watcher(frozen.Log, frozen.Proof));
                break;
        }
    }

    public void RaiseHealth(StoreHealth health) => Tell(HealthChanged, watcher => watcher(health));

    private void Tell<TWatcher>(TWatcher? watchers, Action<TWatcher> call) where TWatcher : Delegate
    {
        foreach (var watcher in Delegate.EnumerateInvocationList(watchers))
        {
            try
            {
                call(watcher);
            }
            catch (Exception exception)
            {
                StoreLog.WatcherFailed(logger, exception);
            }
        }
    }
}

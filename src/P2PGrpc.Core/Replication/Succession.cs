using Google.Protobuf;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Core.Replication;

/// <summary>Keeps an author's logs of one conversation in the author's order. A log's first segment names the log before it and how far that went; it is
/// taken only once that much is here or on its way to the store, as long as some neighbour is known to have it. However the logs come, by whichever
/// neighbours and whatever the store refused meanwhile, what was written before is read before.</summary>
internal sealed class Succession(ReplicatorState state, StoreGate gate, PusherChoice choice, ByteQuota bytes)
{
    private readonly List<Successor> waiting = [];

    /// <summary>How many logs wait for their predecessors.</summary>
    public int Waiting => waiting.Count;

    /// <summary>True if a log's first segment must not be taken yet; then the log is wanted again when it may be.</summary>
    public bool MustWait(LogState log, SegmentHeader header)
    {
        if (log.Successor is not null)
            return true;
        if (header.Opening.Length == 0 || log.WaitedOut || !HasPlace(log.Key) || Read(log, header) is not { } successor || !Waits(successor))
            return false;
        log.Successor = successor;
        waiting.Add(successor);
        state.Deadlines.Set(successor, state.Now + state.Limits.SuccessionTime);
        return true;
    }

    /// <summary>At the end of a step: wants the logs whose predecessors are there by now, or can't be had.</summary>
    public void Settle()
    {
        for (var index = waiting.Count - 1; index >= 0; index--)
        {
            if (!Waits(waiting[index]))
                End(waiting[index]);
        }
    }

    /// <summary>Whoever told of the predecessor does not give it. While the store takes nothing, or a quota keeps it away, that is nobody's fault.</summary>
    public void OnDue(Successor successor)
    {
        if (gate.Closed || bytes.FindObstacle(successor.Log) is not null)
        {
            state.Deadlines.Set(successor, state.Now + state.Limits.SuccessionTime);
            return;
        }

        // As long as it comes, however slowly, it is given.
        if (state.Logs.TryGetValue(successor.Predecessor, out var predecessor) && predecessor.LastProgress + state.Limits.SuccessionTime is var patience && patience > state.Now)
        {
            state.Deadlines.Set(successor, patience);
            return;
        }

        successor.Log.WaitedOut = true;
        End(successor);
    }

    private bool HasPlace(LogKey log) => waiting.Count < state.Limits.Successors && waiting.Count(
        other => other.Log.Key.Author == log.Author && other.Log.Key.Conversation == log.Conversation) < state.Limits.SuccessorsPerAuthor;

    private void End(Successor successor)
    {
        waiting.Remove(successor);
        state.Deadlines.Set(successor, null);
        successor.Log.Successor = null;
        choice.Consider(successor.Log);
        state.ForgetIfEmpty(successor.Log);
    }

    private bool Waits(Successor successor) =>
        state.Logs.TryGetValue(successor.Predecessor, out var predecessor)
        && predecessor.Pending.Sequence < successor.Sequence
        && predecessor.Taken
        && predecessor.Links.Exists(PusherChoice.CanPush);

    private static Successor? Read(LogState log, SegmentHeader header)
    {
        try
        {
            var opening = Protocol.Opening.Parser.ParseFrom(header.Opening.Span);
            if (!opening.HasPredecessorEpoch || opening.PredecessorHead is not { } head)
                return null;
            var predecessor = new LogKey(log.Key.Conversation, log.Key.Author, opening.PredecessorEpoch).ToLogId();
            return predecessor == log.Id ? null : new Successor(log, predecessor, head.Sequence);
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }
}

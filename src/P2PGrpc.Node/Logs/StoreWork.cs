using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Something for the writer to do.</summary>
/// <param name="weight">Roughly its bytes, for the limit of a transaction.</param>
internal abstract class StoreWork(long weight)
{
    public long Weight { get; } = weight;
}

/// <summary>Work that somebody awaits and that took room in the queue.</summary>
internal abstract class AwaitedWork(long weight) : StoreWork(weight)
{
    /// <summary>Completes the awaiting task with the result that was found.</summary>
    public abstract void Complete();

    public abstract void Fail(Exception exception);

    /// <summary>True if it may succeed on a full disk: then it is tried alone where others that came with it need room.</summary>
    public virtual bool MakesRoom => false;
}

/// <summary>Drafts of one caller.</summary>
internal sealed class AppendWork(ConversationId conversation, ReadOnlyMemory<byte> admission, IReadOnlyList<Draft> drafts, long weight) : AwaitedWork(weight)
{
    private readonly TaskCompletionSource<AppendResult[]> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public ConversationId Conversation { get; } = conversation;

    /// <summary>In a room the signature that admits this node, to stand in the log's first segment.</summary>
    public ReadOnlyMemory<byte> Admission { get; } = admission;

    public IReadOnlyList<Draft> Drafts { get; } = drafts;

    public AppendResult[] Results { get; } = new AppendResult[drafts.Count];

    public Task<AppendResult[]> Task => completion.Task;

    public override void Complete() => completion.TrySetResult(Results);

    public override void Fail(Exception exception) => completion.TrySetException(exception);
}

/// <summary>Somebody's own statements.</summary>
internal sealed class OperationWork(WriteOperation operation, long weight) : AwaitedWork(weight)
{
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public WriteOperation Operation { get; } = operation;

    /// <summary>What the operation itself threw: it alone was undone.</summary>
    public Exception? Fault { get; set; }

    public Task Task => completion.Task;

    public override bool MakesRoom => Operation.MakesRoom;

    public override void Complete()
    {
        if (Fault is null)
            completion.TrySetResult();
        else
            completion.TrySetException(Fault);
    }

    public override void Fail(Exception exception) => completion.TrySetException(exception);
}

/// <summary>A segment that arrived.</summary>
internal sealed class ReceivedWork(SegmentHeader header, SegmentBytes? body, long refusals) : StoreWork(body is null ? header.BareWeight : header.Weight)
{
    /// <summary>True if it was refused in the transaction that is open: then it is another's doing if its segment is found on disk.</summary>
    public bool Refused { get; set; }

    /// <summary>How many refusals were known to who gave it.</summary>
    public long Refusals { get; } = refusals;

    public SegmentHeader Header { get; } = header;

    /// <summary>Null if it was erased where it came from.</summary>
    public SegmentBytes? Body { get; } = body;
}

/// <summary>A segment to put in the place of the damaged one that it was fetched for.</summary>
internal sealed class RepairWork(SegmentHeader header, SegmentBytes body) : StoreWork(header.Weight)
{
    public SegmentHeader Header { get; } = header;

    public SegmentBytes Body { get; } = body;
}

/// <summary>A log to freeze, if the headers prove a fork.</summary>
internal sealed class FreezeWork(LogId log, SegmentHeader first, SegmentHeader? second) : StoreWork(LogLimits.HeaderWeight)
{
    public LogId Log { get; } = log;

    public SegmentHeader First { get; } = first;

    public SegmentHeader? Second { get; } = second;
}

/// <summary>Bodies to erase, of a few segments: the writer must not be kept.</summary>
internal sealed class ErasureWork(IReadOnlyList<DueSegment> due, long weight) : AwaitedWork(weight)
{
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>In order of position.</summary>
    public IReadOnlyList<DueSegment> Due { get; } = due;

    public Task Task => completion.Task;

    public override bool MakesRoom => true;

    public override void Complete() => completion.TrySetResult();

    public override void Fail(Exception exception) => completion.TrySetException(exception);
}

/// <summary>Keeps the running time, and notes which position it is at.</summary>
internal sealed class ArrivalWork() : AwaitedWork(0)
{
    private readonly TaskCompletionSource completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Task => completion.Task;

    public override bool MakesRoom => true;

    public override void Complete() => completion.TrySetResult();

    public override void Fail(Exception exception) => completion.TrySetException(exception);
}

/// <summary>Nothing of its own: writes the cursors that are due, and lets a halted store try to recover.</summary>
internal sealed class NudgeWork() : StoreWork(0);

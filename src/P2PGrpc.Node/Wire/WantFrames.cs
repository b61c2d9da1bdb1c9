using Google.Protobuf;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Protocol;
using Head = P2PGrpc.Core.Logs.Head;

namespace P2PGrpc.Node.Wire;

/// <summary>Want, Unwant and Refuse on the wire: the frames that ask for a log, and answer that it won't come. Pure.</summary>
internal static class WantFrames
{
    public static bool TryRead(Want message, out LogId log, out Head after, out string fault)
    {
        after = default;
        var read = LogId.TryRead(message.LogId.Span, out log)
            && SegmentCodec.TryRead(message.After, out after)
            && HaveFrames.IsPossible(after, log);
        fault = read ? "" : "a Want is malformed";
        return read;
    }

    public static bool TryRead(Unwant message, out LogId log, out string fault)
    {
        var read = LogId.TryRead(message.LogId.Span, out log);
        fault = read ? "" : "an Unwant is malformed";
        return read;
    }

    /// <summary>A reason of a later version is read as unspecified, and a stretch that makes no sense as none.</summary>
    public static bool TryRead(Refuse message, out LogId log, out RefuseReason reason, out ErasedStretch? erased, out string fault)
    {
        reason = Enum.IsDefined(message.Reason) ? message.Reason : RefuseReason.Unspecified;
        erased = reason == RefuseReason.Pruned && message.ErasedFrom > 0 && message.HeldFrom > message.ErasedFrom && message.HeldFrom <= LogLimits.Sequence
            ? new ErasedStretch(message.ErasedFrom, message.HeldFrom)
            : null;
        var read = LogId.TryRead(message.LogId.Span, out log);
        fault = read ? "" : "a Refuse is malformed";
        return read;
    }

    public static Frame WriteWant(LogId log, Head after, bool standing, ulong erasedThrough = 0) =>
        new() { Want = new Want { LogId = Wrap(log), After = SegmentCodec.Write(after), Standing = standing, ErasedThrough = erasedThrough } };

    public static Frame WriteUnwant(LogId log) => new() { Unwant = new Unwant { LogId = Wrap(log) } };

    public static Frame WriteRefuse(LogId log, RefuseReason reason, ErasedStretch? erased = null) => new()
    {
        Refuse = new Refuse { LogId = Wrap(log), Reason = reason, ErasedFrom = erased?.From ?? 0, HeldFrom = erased?.HeldFrom ?? 0 },
    };

    private static ByteString Wrap(LogId log) => UnsafeByteOperations.UnsafeWrap(log.Value.ToArray());
}

using P2PGrpc.Core.Logs;
using P2PGrpc.Protocol;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Wire;

/// <summary>ForkProof on the wire. Thread-safe.</summary>
internal static class ForkProofFrames
{
    /// <summary>Checks the sizes and signatures, and that two headers prove a fork indeed. With one header only, <paramref name="second"/>
    /// is null:
    /// whether it proves anything is for its receiver to find out.</summary>
    public static bool TryRead(Protocol.ForkProof message, out SegmentHeader? first, out SegmentHeader? second, out string fault)
    {
        second = null;
        first = SegmentCodec.Read(message.First);
        fault = FindFault(first) ?? "";
        if (fault.Length == 0 && message.Second is not null)
        {
            second = SegmentCodec.Read(message.Second);
            fault = FindFault(second) ?? (ForkRule.Proves(first!, second!) ? "" : "a fork proof proves nothing");
        }

        return fault.Length == 0;
    }

    public static Frame Write(SegmentHeader first, SegmentHeader? second)
    {
        var message = new Protocol.ForkProof { First = SegmentCodec.Write(first) };
        if (second is not null)
            message.Second = SegmentCodec.Write(second);
        return new Frame { ForkProof = message };
    }

    private static string? FindFault(SegmentHeader? header)
    {
        if (header is null)
            return "a fork proof's header is malformed";
        return SegmentVerification.FindFault(header) is { } fault ? $"in a fork proof {fault}" : null;
    }
}

using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Turns a frame into what the replicator is told. All that a frame alone can prove is checked here. Thread-safe.</summary>
internal static class LinkInputs
{
    /// <summary>False with a fault if the frame breaks the protocol.</summary>
    public static bool TryRead(LinkId link, Frame frame, out ReplicatorInput[] inputs, out string fault)
    {
        inputs = [];
        switch (frame.KindCase)
        {
            case Frame.KindOneofCase.Segments when SegmentFrames.TryRead(frame.Segments, out var segments, out fault):
                inputs = [.. segments.Select(segment => new ReplicatorInput.Segment(link, segment.Header, new SegmentBytes(segment.Body)))];
                return true;
            case Frame.KindOneofCase.Have when HaveFrames.TryRead(frame.Have, out var logs, out var through, out fault):
                inputs = [new ReplicatorInput.Have(link, logs, through)];
                return true;
            case Frame.KindOneofCase.Want when WantFrames.TryRead(frame.Want, out var log, out var after, out fault):
                inputs = [new ReplicatorInput.Want(link, log, after, frame.Want.Standing)];
                return true;
            case Frame.KindOneofCase.Unwant when WantFrames.TryRead(frame.Unwant, out var log, out fault):
                inputs = [new ReplicatorInput.Unwant(link, log)];
                return true;
            case Frame.KindOneofCase.Refuse when WantFrames.TryRead(frame.Refuse, out var log, out var reason, out fault):
                inputs = [new ReplicatorInput.Refuse(link, log, reason)];
                return true;
            case Frame.KindOneofCase.Credit when TransientFrames.TryRead(frame.Credit, out var bytes, out fault):
                inputs = [new ReplicatorInput.Credit(link, bytes)];
                return true;
            case Frame.KindOneofCase.ForkProof when ForkProofFrames.TryRead(frame.ForkProof, out var first, out var second, out fault):
                inputs = [new ReplicatorInput.ForkProof(link, first!, second)];
                return true;
            default:
                // The guards above have set the fault of the one that was tried; a Challenge or Hello has no place here.
                fault = $"a {frame.KindCase} frame is malformed or out of place";
                return false;
        }
    }
}

using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Turns a frame into what the replicator is told. All that a frame alone can prove is checked here. Thread-safe.</summary>
internal static class LinkInputs
{
    /// <summary>False with a fault if the frame breaks the protocol.</summary>
    /// <param name="link">The link that it came on.</param>
    /// <param name="direct">The direct conversation of the link's ends. All others are rooms, which admit their authors.</param>
    /// <param name="frame">The frame.</param>
    /// <param name="inputs">What the replicator is to be told.</param>
    /// <param name="fault">What is wrong, or empty.</param>
    public static bool TryRead(LinkId link, ConversationId direct, Frame frame, out ReplicatorInput[] inputs, out string fault)
    {
        inputs = [];
        ReplicatorInput? input = null;
        switch (frame.KindCase)
        {
            case Frame.KindOneofCase.Segments:
                if (SegmentFrames.TryRead(frame.Segments, direct, out var segments, out fault))
                    inputs = [.. segments.Select(segment => new ReplicatorInput.Segment(
                        link, segment.Header, segment.Body is { } body ? new SegmentBytes(body) : new ErasedBody()))];
                return inputs.Length > 0;
            case Frame.KindOneofCase.Have:
                if (HaveFrames.TryRead(frame.Have, out var logs, out var through, out fault))
                    input = new ReplicatorInput.Have(link, logs, through);
                break;
            case Frame.KindOneofCase.Want:
                if (WantFrames.TryRead(frame.Want, out var wanted, out var after, out fault))
                    input = new ReplicatorInput.Want(link, wanted, after, frame.Want.Standing, frame.Want.ErasedThrough);
                break;
            case Frame.KindOneofCase.Unwant:
                if (WantFrames.TryRead(frame.Unwant, out var unwanted, out fault))
                    input = new ReplicatorInput.Unwant(link, unwanted);
                break;
            case Frame.KindOneofCase.Refuse:
                if (WantFrames.TryRead(frame.Refuse, out var refused, out var reason, out var erased, out fault))
                    input = new ReplicatorInput.Refuse(link, refused, reason, erased);
                break;
            case Frame.KindOneofCase.Credit:
                if (TransientFrames.TryRead(frame.Credit, out var bytes, out fault))
                    input = new ReplicatorInput.Credit(link, bytes);
                break;
            case Frame.KindOneofCase.ForkProof:
                if (ForkProofFrames.TryRead(frame.ForkProof, out var first, out var second, out fault))
                    input = new ReplicatorInput.ForkProof(link, first!, second);
                break;
            default:
                fault = $"a {frame.KindCase} frame has no place after the Hellos";
                break;
        }

        if (input is not null)
            inputs = [input];
        return input is not null;
    }
}

using P2PGrpc.Core.Discovery;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>Datagrams that anybody on the local network can send.</summary>
internal sealed class AnnouncementTarget : FuzzTarget
{
    public override string Name => "announcement";

    public override int MaximumLength => 256;

    public override IEnumerable<byte[]> MakeSeeds()
    {
        yield return new LanAnnouncement(Samples.Author.PeerId, 5555, 7, 1).Sign(Samples.Author);
        yield return new LanAnnouncement(Samples.Author.PeerId, 1, ulong.MaxValue, ulong.MaxValue).Sign(Samples.Author);
    }

    public override string Run(byte[] input)
    {
        if (LanAnnouncement.Read(input) is not { } said)
            return "refused";
        if (!said.IsSigned(input))
            return "refused signature";
        Require(said.Sign(Samples.Author).AsSpan().SequenceEqual(input), "What is signed says one thing in one way.");
        return "accepted";
    }
}

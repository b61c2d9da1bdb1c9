using System.Text;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Peers;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>The short texts by which people and programs name things: peers, addresses, identities, messages.</summary>
internal sealed class NameTarget : FuzzTarget
{
    public override string Name => "name";

    public override int MaximumLength => 1024;

    public override IEnumerable<byte[]> MakeSeeds() =>
        new[]
        {
            Samples.Author.PeerId.ToString(), $"bob={Samples.Author.PeerId}@host.example:5555", "bob=[::1]:1", "bob=192.0.2.1:65535", "srv:_p2pgrpc._tcp.host.example",
            new MessageReference(Samples.Log.ToLogId(), 17).ToString(),
        }.Select(Encoding.UTF8.GetBytes);

    public override string Run(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        var outcome = new StringBuilder();
        if (PeerId.TryParse(text, out var peer))
        {
            Require(peer.ToString() == text, "A PeerId has one text.");
            outcome.Append(" PeerId");
        }

        if (MessageReference.TryParse(text, out var reference))
        {
            Require(MessageReference.TryParse(reference.ToString(), out var again) && again == reference, "A reference that is written again is the same.");
            outcome.Append(" reference");
        }

        if (PeerAddress.TryParse(text, out var address))
        {
            Require(PeerAddress.TryParse(address.ToString(), out var again) && again == address, "An address that is written again is the same.");
            outcome.Append(" address");
        }

        var specification = PeerSpecification.Parse(text, out var fault);
        Require(specification is null == fault.Length > 0, "What is refused has a reason, and only that.");
        if (specification is not null)
            outcome.Append(" specification");
        return outcome.Length > 0 ? $"accepted{outcome}" : "refused";
    }
}

using System.Text;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Core.Rooms;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>The tickets that people copy: as texts, and as the messages in them, whose check a changed text would seldom pass.</summary>
internal sealed class TicketTarget : FuzzTarget
{
    private static readonly TicketPeer Peer = new(Samples.Author.PeerId, ["host.example:5555", "[::1]:1"]);

    public override string Name => "ticket";

    public override int MaximumLength => 4096;

    public override IEnumerable<byte[]> MakeSeeds()
    {
        var room = new RoomTicket(new RoomSecret(new byte[RoomSecret.Length]), "friends", [Peer]).ToText();
        var invite = new PeerTicket(new InviteSecret(new byte[InviteSecret.Length]), "alice", Peer).ToText();
        foreach (var text in new[] { room, invite })
        {
            yield return Encoding.UTF8.GetBytes(text);
            yield return TicketText.Read(text, text[..5], "", out _)!;
        }
    }

    public override string Run(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        string[] texts = input.Length > 2048 ? [text] : [text, TicketText.Write("room-", input), TicketText.Write("peer-", input)];
        return texts.Aggregate(false, (accepted, written) => Read(written) || accepted) ? "accepted" : "refused";
    }

    private static bool Read(string text)
    {
        var room = RoomTicket.Parse(text, out var roomFault);
        Require(room is null == roomFault.Length > 0, "What is refused has a reason, and only that.");
        Require(room is null || RoomTicket.Parse(room.ToText(), out _)?.Secret.Conversation == room.Secret.Conversation, "A room's ticket that is written again is the same.");
        var invite = PeerTicket.Parse(text, out var inviteFault);
        Require(invite is null == inviteFault.Length > 0, "What is refused has a reason, and only that.");
        Require(invite is null || PeerTicket.Parse(invite.ToText(), out _)?.Secret.Invite == invite.Secret.Invite, "An invite's ticket that is written again is the same.");
        return room is not null || invite is not null;
    }
}

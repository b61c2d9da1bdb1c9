using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>What follows from a room's secret, and the ticket that carries it.</summary>
public sealed class RoomTests : IDisposable
{
    private readonly IdentityKey author = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)1, IdentityKey.SeedLength)]);
    private readonly IdentityKey other = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)2, IdentityKey.SeedLength)]);

    private static RoomSecret Secret { get; } = new([.. Enumerable.Repeat((byte)3, RoomSecret.Length)]);

    public void Dispose()
    {
        author.Dispose();
        other.Dispose();
    }

    [Fact]
    public void A_room_admits_one_author_and_no_other()
    {
        var admission = Secret.Admit(author.PeerId);
        Assert.True(RoomSecret.IsAdmitted(Secret.Conversation, author.PeerId, admission));
        Assert.False(RoomSecret.IsAdmitted(Secret.Conversation, other.PeerId, admission));
        Assert.False(RoomSecret.IsAdmitted(ConversationId.Direct(author.PeerId, other.PeerId), author.PeerId, admission));
        Assert.False(RoomSecret.IsAdmitted(Secret.Conversation, author.PeerId, []));
        admission[10] ^= 1;
        Assert.False(RoomSecret.IsAdmitted(Secret.Conversation, author.PeerId, admission));
    }

    [Fact]
    public void An_admission_is_found_in_the_opening_of_a_logs_first_segment()
    {
        var log = new LogKey(Secret.Conversation, author.PeerId, 7);
        Assert.True(RoomAdmission.IsGiven(Sign(new Protocol.Opening { Admission = Google.Protobuf.ByteString.CopyFrom(Secret.Admit(author.PeerId)) })));
        Assert.False(RoomAdmission.IsGiven(Sign(new Protocol.Opening { Admission = Google.Protobuf.ByteString.CopyFrom(Secret.Admit(other.PeerId)) })));
        Assert.False(RoomAdmission.IsGiven(Sign(new Protocol.Opening())));
        Assert.False(RoomAdmission.IsGiven(SegmentHeader.Sign(author, log, log.ToLogId().Empty, 1, [], [0xFF])));

        SegmentHeader Sign(Protocol.Opening opening) =>
            SegmentHeader.Sign(author, log, log.ToLogId().Empty, 1, [], Google.Protobuf.MessageExtensions.ToByteArray(opening));
    }

    [Fact]
    public void A_ticket_is_read_as_it_was_written_in_capitals_and_over_several_lines_too()
    {
        var ticket = new RoomTicket(Secret, "friends", [new TicketPeer(author.PeerId, ["host:5555", "[2001:db8::1]:5555"]), new TicketPeer(other.PeerId, ["other:1"])]);
        var text = ticket.ToText();
        foreach (var written in new[] { text, text.ToUpperInvariant(), $"  {text[..40]}\n  {text[40..]}\n" })
        {
            var read = RoomTicket.Parse(written, out var fault);
            Assert.Equal("", fault);
            Assert.Equal((Secret.Conversation, "friends"), (read!.Secret.Conversation, read.Name));
            Assert.Equal(ticket.Peers.Select(peer => peer.PeerId), read.Peers.Select(peer => peer.PeerId));
            Assert.Equal(ticket.Peers.SelectMany(peer => peer.Addresses), read.Peers.SelectMany(peer => peer.Addresses));
        }
    }

    [Fact]
    public void Of_a_ticket_nothing_can_be_missing_or_changed()
    {
        var text = new RoomTicket(Secret, "friends", [new TicketPeer(author.PeerId, ["host:5555"])]).ToText();
        for (var length = 0; length < text.Length; length++)
            AssertRefused(text[..length]);
        for (var at = 0; at < text.Length; at++)
            AssertRefused($"{text[..at]}{(text[at] == 'x' ? 'y' : 'x')}{text[(at + 1)..]}");
        AssertRefused(text + "a");
        AssertRefused("room-" + new string('a', TicketText.Length));
        AssertRefused("hello");
        var many = new RoomTicket(Secret, "friends", [.. Enumerable.Repeat(new TicketPeer(author.PeerId, []), RoomTicket.PeerCount + 1)]);
        AssertRefused(many.ToText());

        static void AssertRefused(string written)
        {
            Assert.Null(RoomTicket.Parse(written, out var fault));
            Assert.NotEmpty(fault);
        }
    }
}

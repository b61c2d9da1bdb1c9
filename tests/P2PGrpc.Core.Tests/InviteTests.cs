using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>An invite's secret, what is proved by it, and the ticket that carries it.</summary>
public sealed class InviteTests : IDisposable
{
    private static readonly byte[] One = [.. Enumerable.Repeat((byte)1, 32)];
    private static readonly byte[] Other = [.. Enumerable.Repeat((byte)2, 32)];

    private readonly IdentityKey alice = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)1, IdentityKey.SeedLength)]);
    private readonly IdentityKey bob = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)2, IdentityKey.SeedLength)]);

    private static InviteSecret Secret { get; } = new([.. Enumerable.Repeat((byte)3, InviteSecret.Length)]);

    public void Dispose()
    {
        alice.Dispose();
        bob.Dispose();
    }

    /// <summary>A2: what one node has shown on one link lets nobody in elsewhere, not even by who has heard it.</summary>
    [Fact]
    public void A2_A_proof_holds_for_one_prover_one_verifier_and_one_link()
    {
        var proof = Secret.Prove(bob.PeerId, alice.PeerId, One, Other);
        Assert.True(proof.Holds(bob.PeerId, alice.PeerId, One, Other));
        Assert.False(proof.Holds(alice.PeerId, bob.PeerId, One, Other));
        Assert.False(proof.Holds(alice.PeerId, alice.PeerId, One, Other));
        Assert.False(proof.Holds(bob.PeerId, bob.PeerId, One, Other));
        Assert.False(proof.Holds(bob.PeerId, alice.PeerId, Other, Other));
        Assert.False(proof.Holds(bob.PeerId, alice.PeerId, One, One));
        var another = new InviteSecret([.. Enumerable.Repeat((byte)4, InviteSecret.Length)]).Prove(bob.PeerId, alice.PeerId, One, Other);
        Assert.False((another with { Invite = Secret.Invite }).Holds(bob.PeerId, alice.PeerId, One, Other));
    }

    [Fact]
    public void A_proof_is_read_as_it_was_written_and_has_one_length()
    {
        var proof = Secret.Prove(bob.PeerId, alice.PeerId, One, Other);
        var read = InviteProof.Read(proof.ToArray());
        Assert.Equal(Secret.Invite, read!.Invite);
        Assert.True(read.Holds(bob.PeerId, alice.PeerId, One, Other));
        Assert.Null(InviteProof.Read(proof.ToArray().AsMemory(1)));
        Assert.Null(InviteProof.Read(Array.Empty<byte>()));
    }

    [Fact]
    public void A_ticket_is_read_as_it_was_written_in_capitals_and_over_several_lines_too()
    {
        var ticket = new PeerTicket(Secret, "alice", new TicketPeer(alice.PeerId, ["host:5555", "[2001:db8::1]:5555"]));
        var text = ticket.ToText();
        foreach (var written in new[] { text, text.ToUpperInvariant(), $"  {text[..40]}\n  {text[40..]}\n" })
        {
            var read = PeerTicket.Parse(written, out var fault);
            Assert.Equal("", fault);
            Assert.Equal((Secret.Invite, "alice", alice.PeerId), (read!.Secret.Invite, read.Name, read.Inviter.PeerId));
            Assert.Equal(Secret.ToArray(), read.Secret.ToArray());
            Assert.Equal(ticket.Inviter.Addresses, read.Inviter.Addresses);
        }

        Assert.DoesNotContain(Base32.Encode(Secret.ToArray()), $"{ticket} {Secret}", StringComparison.Ordinal);
    }

    [Fact]
    public void Of_a_ticket_nothing_can_be_missing_or_changed()
    {
        var text = new PeerTicket(Secret, "alice", new TicketPeer(alice.PeerId, ["host:5555"])).ToText();
        for (var length = 0; length < text.Length; length++)
            AssertRefused(text[..length]);
        for (var at = 0; at < text.Length; at++)
            AssertRefused($"{text[..at]}{(text[at] == 'x' ? 'y' : 'x')}{text[(at + 1)..]}");
        AssertRefused(text + "a");
        AssertRefused("peer-" + new string('a', TicketText.Length));
        AssertRefused("room-" + text[5..]);
        var many = new TicketPeer(alice.PeerId, [.. Enumerable.Repeat("host:1", TicketPeer.AddressCount + 1)]);
        AssertRefused(new PeerTicket(Secret, "alice", many).ToText());

        static void AssertRefused(string written)
        {
            Assert.Null(PeerTicket.Parse(written, out var fault));
            Assert.NotEmpty(fault);
        }
    }
}

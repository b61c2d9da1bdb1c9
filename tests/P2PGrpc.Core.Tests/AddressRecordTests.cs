using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using Xunit;

namespace P2PGrpc.Core.Tests;

public sealed class AddressRecordTests : IDisposable
{
    private readonly IdentityKey alice = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)1, IdentityKey.SeedLength)]);
    private readonly IdentityKey bob = IdentityKey.FromSeed([.. Enumerable.Repeat((byte)2, IdentityKey.SeedLength)]);

    private ConversationId Room => ConversationId.Direct(alice.PeerId, bob.PeerId);

    public void Dispose()
    {
        alice.Dispose();
        bob.Dispose();
    }

    /// <summary>S1: each part is signed, the room with them, and so is where one address ends and the next begins.</summary>
    [Fact]
    public void S1_A_record_of_which_anything_was_changed_is_not_signed()
    {
        var record = AddressRecord.Sign(alice, Room, 7, ["host:1", "other:2"]);
        Assert.True(record.IsWellFormed() && record.IsSigned());
        Assert.Equal(record.Signature.ToArray(), AddressRecord.Sign(alice, Room, 7, ["host:1", "other:2"]).Signature.ToArray());
        Assert.False((record with { Conversation = ConversationId.Direct(alice.PeerId, alice.PeerId) }).IsSigned());
        Assert.False((record with { Peer = bob.PeerId }).IsSigned());
        Assert.False((record with { Sequence = 8 }).IsSigned());
        Assert.False((record with { Addresses = ["host:1"] }).IsSigned());
        Assert.False((record with { Addresses = ["host:1o", "ther:2"] }).IsSigned());
        Assert.False((record with { Addresses = ["other:2", "host:1"] }).IsSigned());
        Assert.False((record with { Signature = new byte[IdentityKey.SignatureLength] }).IsSigned());
        Assert.False((record with { Signature = default }).IsSigned());
    }

    [Fact]
    public void A_record_has_bounds()
    {
        var record = AddressRecord.Sign(alice, Room, LogLimits.Sequence - 1, [.. Enumerable.Repeat(new string('a', AddressRecord.AddressLength), AddressRecord.AddressCount)]);
        Assert.True(record.IsWellFormed());
        Assert.False((record with { Sequence = 0 }).IsWellFormed());
        Assert.False((record with { Sequence = LogLimits.Sequence }).IsWellFormed());
        Assert.False((record with { Addresses = [] }).IsWellFormed());
        Assert.False((record with { Addresses = [.. record.Addresses, "a"] }).IsWellFormed());
        foreach (var address in new[] { "", new string('a', AddressRecord.AddressLength + 1), "a b", "a\n", "ü:1", "\u007f" })
            Assert.False((record with { Addresses = [address] }).IsWellFormed());
        Assert.Throws<ArgumentException>(() => AddressRecord.Sign(alice, Room, 0, ["host:1"]));
    }
}

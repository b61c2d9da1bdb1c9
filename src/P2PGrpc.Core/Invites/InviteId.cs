using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Invites;

/// <summary>Names an invite: the public key of the pair that follows from its secret. As text 52 characters of base32.</summary>
internal readonly record struct InviteId(Bytes32 Value)
{
    public static bool TryRead(ReadOnlySpan<byte> bytes, out InviteId invite)
    {
        var read = Bytes32.TryRead(bytes, out var value);
        invite = new InviteId(value);
        return read;
    }

    public override string ToString() => Value.ToString();
}

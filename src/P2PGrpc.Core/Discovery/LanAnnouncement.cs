using System.Buffers.Binary;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Discovery;

/// <summary>What a node says of itself to its local network, in one datagram of 122 bytes, signed by it:
/// "p2pgrpc" ‖ version (1) ‖ PeerId(32) ‖ port(2) ‖ instance(8) ‖ number(8) ‖ Ed25519 over "p2pgrpc/lan/v1" and all before. Numbers are big-endian. Where the node is
/// it does not say: whoever hears it has the address from which it came. Immutable.</summary>
/// <param name="Peer">Who says it.</param>
/// <param name="Port">Where it takes links.</param>
/// <param name="Instance">Random, new at each start of its process.</param>
/// <param name="Number">Rises with each announcement of the instance, so that none counts twice.</param>
internal readonly record struct LanAnnouncement(PeerId Peer, ushort Port, ulong Instance, ulong Number)
{
    /// <summary>Bytes of an announcement.</summary>
    public const int Length = SignedLength + IdentityKey.SignatureLength;

    private const int SignedLength = 8 + Bytes32.Length + sizeof(ushort) + 2 * sizeof(ulong);

    private static ReadOnlySpan<byte> Magic => "p2pgrpc\u0001"u8;

    public byte[] Sign(IdentityKey key)
    {
        var bytes = new byte[Length];
        Magic.CopyTo(bytes);
        Peer.Value.Write(bytes.AsSpan(8));
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(40), Port);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(42), Instance);
        BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(50), Number);
        key.Sign(SignedBytes(bytes)).CopyTo(bytes.AsSpan(SignedLength));
        return bytes;
    }

    /// <summary>Null for what has no such form. The signature is not looked at: that costs more, and is <see cref="IsSigned"/>'s.</summary>
    public static LanAnnouncement? Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != Length || !bytes.StartsWith(Magic))
            return null;
        var port = BinaryPrimitives.ReadUInt16BigEndian(bytes[40..]);
        return port == 0
            ? null
            : new LanAnnouncement(
                new PeerId(Bytes32.Read(bytes[8..40])), port, BinaryPrimitives.ReadUInt64BigEndian(bytes[42..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[50..]));
    }

    /// <summary>True if the bytes from which this was read are signed by the peer that they name.</summary>
    public bool IsSigned(ReadOnlySpan<byte> bytes) => IdentityKey.Verify(Peer, SignedBytes(bytes), bytes[SignedLength..]);

    private static byte[] SignedBytes(ReadOnlySpan<byte> bytes) => [.. "p2pgrpc/lan/v1"u8, .. bytes[..SignedLength]];
}

using System.Net;
using System.Net.Sockets;

namespace P2PGrpc.Node.Wire;

/// <summary>Where a node connects because others name an address: to what may be another machine. Whoever writes a ticket or a record must not have it connect to
/// programs of its own machine, to its network's devices that answer at link-local addresses (a cloud's metadata among them), or to everybody at once. Private networks
/// are allowed, since they are where most nodes are. Pure.</summary>
internal sealed class DialPolicy
{
    private readonly bool anywhere;
    private readonly bool loopback;

    private DialPolicy(bool anywhere, bool loopback) => (this.anywhere, this.loopback) = (anywhere, loopback);

    /// <summary>For what the owner names.</summary>
    public static DialPolicy Anywhere { get; } = new(anywhere: true, loopback: true);

    /// <summary>For what others name.</summary>
    /// <param name="listen">Where this node listens: one that only its own machine can reach is meant to meet others on it.</param>
    /// <param name="dialAny">The owner allows all.</param>
    public static DialPolicy ForLearnt(IPAddress listen, bool dialAny) => dialAny ? Anywhere : new DialPolicy(anywhere: false, IPAddress.IsLoopback(listen));

    public bool Allows(IPAddress address)
    {
        if (anywhere)
            return true;
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return AllowsVersion4(address.GetAddressBytes());
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return false;
        var bytes = address.GetAddressBytes();
        if (IPAddress.IPv6Loopback.Equals(address))
            return loopback;
        if (FindEmbedded(bytes) is { } embedded)
            return AllowsVersion4(embedded);
        return !address.IsIPv6LinkLocal && !address.IsIPv6Multicast && !address.IsIPv6SiteLocal && !address.Equals(IPAddress.IPv6Any);
    }

    private bool AllowsVersion4(ReadOnlySpan<byte> bytes) => bytes[0] switch
    {
        // This network, which systems take for this machine.
        0 => false,
        127 => loopback,
        169 when bytes[1] == 254 => false,
        // Multicast, reserved, broadcast.
        >= 224 => false,
        _ => true,
    };

    /// <summary>The IPv4 address to which an IPv6 address leads: mapped (::ffff:0:0/96), compatible (::/96), translated (64:ff9b::/96), 6to4 (2002::/16).</summary>
    private static byte[]? FindEmbedded(byte[] bytes)
    {
        var front = bytes.AsSpan(0, 12);
        if (front.SequenceEqual((ReadOnlySpan<byte>)[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]) || !front.ContainsAnyExcept((byte)0)
            || front.SequenceEqual((ReadOnlySpan<byte>)[0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0]))
            return bytes[12..];
        return bytes is [0x20, 0x02, ..] ? bytes[2..6] : null;
    }
}

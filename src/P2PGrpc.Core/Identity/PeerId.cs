namespace P2PGrpc.Core.Identity;

/// <summary>Who a node is: its Ed25519 public key. As text 52 characters of lower-case base32. Immutable; compares as its bytes do.</summary>
public readonly record struct PeerId : IComparable<PeerId>
{
    internal PeerId(Bytes32 value) => Value = value;

    internal Bytes32 Value { get; }

    /// <summary>Reads the text form. False for anything but 52 characters of lower-case base32.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PeerId peer)
    {
        var parsed = Bytes32.TryParse(text, out var value);
        peer = new PeerId(value);
        return parsed;
    }

    /// <summary>Reads the text form.</summary>
    /// <exception cref="FormatException">The text is no PeerId.</exception>
    public static PeerId Parse(ReadOnlySpan<char> text) => TryParse(text, out var peer)
        ? peer
        : throw new FormatException("A PeerId is 52 characters of lower-case base32 (a-z, 2-7).");

    internal static bool TryRead(ReadOnlySpan<byte> bytes, out PeerId peer)
    {
        var read = Bytes32.TryRead(bytes, out var value);
        peer = new PeerId(value);
        return read;
    }

    /// <summary>The 32 bytes of the public key, in a new array.</summary>
    public byte[] ToArray() => Value.ToArray();

    /// <summary>The first characters, enough for people to tell peers apart on a screen. Never compare by it.</summary>
    public string Prefix => ToString()[..8];

    /// <inheritdoc/>
    public int CompareTo(PeerId other) => Value.CompareTo(other.Value);

    /// <summary>The text form.</summary>
    public override string ToString() => Value.ToString();

    /// <summary>Orders by bytes.</summary>
    public static bool operator <(PeerId left, PeerId right) => left.CompareTo(right) < 0;

    /// <summary>Orders by bytes.</summary>
    public static bool operator >(PeerId left, PeerId right) => left.CompareTo(right) > 0;

    /// <summary>Orders by bytes.</summary>
    public static bool operator <=(PeerId left, PeerId right) => left.CompareTo(right) <= 0;

    /// <summary>Orders by bytes.</summary>
    public static bool operator >=(PeerId left, PeerId right) => left.CompareTo(right) >= 0;
}

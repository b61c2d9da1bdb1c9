using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Logs;

/// <summary>The name of a log: its genesis hash. As text 52 characters of lower-case base32.</summary>
public readonly record struct LogId
{
    internal LogId(Bytes32 value) => Value = value;

    internal Bytes32 Value { get; }

    /// <summary>The head of the log while it is empty.</summary>
    internal Head Empty => new(0, Value);

    internal static bool TryRead(ReadOnlySpan<byte> bytes, out LogId log)
    {
        var read = Bytes32.TryRead(bytes, out var value);
        log = new LogId(value);
        return read;
    }

    /// <summary>Reads the text form. False for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out LogId log)
    {
        var parsed = Bytes32.TryParse(text, out var value);
        log = new LogId(value);
        return parsed;
    }

    /// <summary>The text form.</summary>
    public override string ToString() => Value.ToString();
}

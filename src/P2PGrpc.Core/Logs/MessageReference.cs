using System.Globalization;

namespace P2PGrpc.Core.Logs;

/// <summary>Names one message for ever: its log and its sequence there. As text "log/sequence".</summary>
public readonly record struct MessageReference(LogId Log, ulong Sequence)
{
    /// <summary>Reads the text form. False for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MessageReference reference)
    {
        reference = default;
        var slash = text.IndexOf('/');
        if (slash < 0
            || !LogId.TryParse(text[..slash], out var log)
            || !ulong.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var sequence))
            return false;
        reference = new MessageReference(log, sequence);
        return sequence > 0;
    }

    /// <summary>The text form.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Log}/{Sequence}");
}

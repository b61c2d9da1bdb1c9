using System.Globalization;
using System.Text;

namespace P2PGrpc.Node.Telemetry;

/// <summary>Makes text that came from elsewhere fit for a terminal or a log. Thread-safe.</summary>
internal static class DisplayText
{
    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;

    /// <summary>A text of somebody else's, the system's for example, with one full stop at its end.</summary>
    internal static string Sentence(string text) => text.TrimEnd().TrimEnd('.') + ".";

    /// <summary>Replaces what could move the cursor, turn the reading direction, break the line or hide (control and format characters,
    /// line and paragraph separators, unpaired surrogates) by a visible escape such as \u{202E}. Emoji sequences and scripts that join
    /// letters stay whole.</summary>
    /// <param name="text">Any text, well-formed or not.</param>
    /// <param name="maximumLength">The result's largest length in UTF-16 units, at least 1. Longer text is cut and ends with "…".</param>
    public static string Clean(string text, int maximumLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(maximumLength, 1);
        var clean = new StringBuilder(Math.Min(text.Length, maximumLength));
        var rest = text.AsSpan();
        var previous = default(Rune);
        // Where to cut if it turns out that not all fits: the last end of a whole character that leaves room for the ellipsis.
        var cut = 0;
        while (!rest.IsEmpty)
        {
            var whole = Rune.DecodeFromUtf16(rest, out var rune, out var consumed) == System.Buffers.OperationStatus.Done;
            var harmless = whole && IsHarmless(rune, previous);
            if (harmless)
                clean.Append(rest[..consumed]);
            else
                clean.Append(CultureInfo.InvariantCulture, $"\\u{{{(whole ? rune.Value : rest[0]):X}}}");
            if (clean.Length > maximumLength)
                return clean.Remove(cut, clean.Length - cut).Append('…').ToString();
            if (clean.Length < maximumLength)
                cut = clean.Length;
            // After an escape, which ends with an ASCII character, a joiner has nothing to join.
            previous = harmless ? rune : default;
            rest = rest[consumed..];
        }

        return clean.ToString();
    }

    private static bool IsHarmless(Rune rune, Rune previous) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,
        // Joiners have work to do between emoji and in many scripts, but nothing after an ASCII character.
        UnicodeCategory.Format => rune.Value is ZeroWidthJoiner or ZeroWidthNonJoiner && previous.Value > 0x7F,
        _ => true,
    };
}

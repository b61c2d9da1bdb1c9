using System.Globalization;
using System.Text;

namespace P2PGrpc.Client;

/// <summary>Makes text that came from another node fit for a log.</summary>
internal static class VisibleText
{
    private const int ZeroWidthNonJoiner = 0x200C;
    private const int ZeroWidthJoiner = 0x200D;

    /// <summary>Replaces what could break a line, move the cursor, turn the reading direction or hide by a visible escape such as \u{1B}.</summary>
    public static string Escape(string text)
    {
        if (text.EnumerateRunes().All(IsVisible))
            return text;
        var visible = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (IsVisible(rune))
                visible.Append(rune.ToString());
            else
                visible.Append(CultureInfo.InvariantCulture, $"\\u{{{rune.Value:X}}}");
        }
        return visible.ToString();
    }

    private static bool IsVisible(Rune rune) => Rune.GetUnicodeCategory(rune) switch
    {
        UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => false,
        // Joiners only shape the letters and emoji beside them.
        UnicodeCategory.Format => rune.Value is ZeroWidthJoiner or ZeroWidthNonJoiner,
        _ => true,
    };
}

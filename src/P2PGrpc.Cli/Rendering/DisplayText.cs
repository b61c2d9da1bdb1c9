using System.Globalization;
using System.Text;

namespace P2PGrpc.Node.Telemetry;

/// <summary>Makes text from others fit for a terminal: one line, no control or formatting characters, bounded.</summary>
internal static class DisplayText
{
    public static string Clean(string text, int longest)
    {
        var clean = new StringBuilder(Math.Min(text.Length, longest));
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length >= longest)
                return clean.Append('…').ToString();
            if (rune.Value is '\t')
                clean.Append(' ');
            else if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
                or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate)
                clean.Append('\uFFFD');
            else
                clean.Append(rune.ToString());
        }
        return clean.ToString();
    }
}

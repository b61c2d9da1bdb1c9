using System.Text;

namespace P2PGrpc.Client;

/// <summary>Texts that must not exceed a number of bytes.</summary>
internal static class BoundedText
{
    /// <summary>An error as dead letters tell it: its type and its message.</summary>
    public static string Describe(Exception fault) => Cut($"{fault.GetType().Name}: {fault.Message}", ClientLimits.ErrorBytes);

    /// <summary>The longest beginning that has at most so many bytes of UTF-8, whole characters only. In the place of what is no character stands U+FFFD.</summary>
    public static string Cut(string text, int bytes)
    {
        if (text.AsSpan().ContainsAnyInRange('\ud800', '\udfff'))
            text = string.Concat(text.EnumerateRunes());
        if (Encoding.UTF8.GetByteCount(text) <= bytes)
            return text;
        var length = 0;
        var count = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            if (count + rune.Utf8SequenceLength > bytes)
                break;
            count += rune.Utf8SequenceLength;
            length += rune.Utf16SequenceLength;
        }
        return text[..length];
    }
}

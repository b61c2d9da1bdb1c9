namespace P2PGrpc.Core.Identity;

/// <summary>RFC 4648 base32, lower case, without padding: the text form of all 32-byte identifiers (52 characters).</summary>
internal static class Base32
{
    private const string Alphabet = "abcdefghijklmnopqrstuvwxyz234567";

    /// <summary>The length of the text of 32 bytes.</summary>
    public const int TextLength = 52;

    public static string Encode(ReadOnlySpan<byte> bytes)
    {
        var length = (bytes.Length * 8 + 4) / 5;
        Span<char> text = length <= 128 ? stackalloc char[length] : new char[length];
        uint buffer = 0;
        var bits = 0;
        var at = 0;
        foreach (var value in bytes)
        {
            buffer = (buffer << 8) | value;
            bits += 8;
            while (bits >= 5)
            {
                bits -= 5;
                text[at++] = Alphabet[(int)(buffer >> bits) & 31];
            }
        }

        if (bits > 0)
            text[at] = Alphabet[(int)(buffer << (5 - bits)) & 31];
        return new string(text);
    }

    /// <summary>Decodes exactly <paramref name="destination"/>'s length. False for any other length, another character, or
    /// stray bits at the end, so that each value has one text only.</summary>
    public static bool TryDecode(ReadOnlySpan<char> text, Span<byte> destination)
    {
        if (text.Length != (destination.Length * 8 + 4) / 5)
            return false;
        uint buffer = 0;
        var bits = 0;
        var at = 0;
        foreach (var character in text)
        {
            var value = character switch
            {
                >= 'a' and <= 'z' => character - 'a',
                >= '2' and <= '7' => character - '2' + 26,
                _ => -1,
            };
            if (value < 0)
                return false;
            buffer = (buffer << 5) | (uint)value;
            bits += 5;
            if (bits < 8)
                continue;
            bits -= 8;
            destination[at++] = (byte)(buffer >> bits);
        }

        return (buffer & ((1u << bits) - 1)) == 0;
    }
}

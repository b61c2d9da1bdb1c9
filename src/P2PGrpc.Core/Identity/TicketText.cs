using System.Security.Cryptography;

namespace P2PGrpc.Core.Identity;

/// <summary>The text form of all tickets: a prefix that says which kind it is, and the base32 of version (1) ‖ an encoded message ‖ the first 4 bytes of the
/// SHA-256 of both. Pure.</summary>
internal static class TicketText
{
    /// <summary>Characters of a text, at most: what is longer can't be a ticket.</summary>
    public const int Length = 4000;

    private const byte Version = 1;
    private const int CheckLength = 4;

    public static string Write(string prefix, ReadOnlySpan<byte> message)
    {
        byte[] said = [Version, .. message];
        return prefix + Base32.Encode([.. said, .. Check(said)]);
    }

    /// <summary>The message in a text, or null. Upper case and white space in it don't matter: it may have come from a QR code or over several lines.</summary>
    /// <param name="text">The text.</param>
    /// <param name="prefix">What it begins with, in lower case.</param>
    /// <param name="otherwise">What is wrong with a text that begins otherwise.</param>
    /// <param name="fault">What is wrong, or empty.</param>
    public static byte[]? Read(string text, string prefix, string otherwise, out string fault)
    {
        fault = otherwise;
        if (text.Length > Length)
            return null;
        var compact = string.Concat(text.Where(character => !char.IsWhiteSpace(character))).ToLowerInvariant();
        if (!compact.StartsWith(prefix, StringComparison.Ordinal))
            return null;
        var encoded = compact.AsSpan(prefix.Length);
        var bytes = new byte[encoded.Length * 5 / 8];
        fault = "The ticket is not whole, or a character of it is wrong: copy it once more.";
        if (!Base32.TryDecode(encoded, bytes))
            return null;
        if (bytes.Length <= 1 + CheckLength || !Check(bytes.AsSpan(..^CheckLength)).AsSpan().SequenceEqual(bytes.AsSpan(^CheckLength..)))
            return null;
        if (bytes[0] != Version)
        {
            fault = "The ticket is of a newer version than this program.";
            return null;
        }

        fault = "";
        return bytes[1..^CheckLength];
    }

    private static byte[] Check(ReadOnlySpan<byte> said) => SHA256.HashData(said)[..CheckLength];
}

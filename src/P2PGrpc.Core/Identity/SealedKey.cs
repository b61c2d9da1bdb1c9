using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NSec.Cryptography;

namespace P2PGrpc.Core.Identity;

/// <summary>A node's private key under a passphrase, as a few lines of ASCII: what it is, whose it is, how the passphrase is stretched (Argon2id), and the sealed seed
/// (XChaCha20-Poly1305). All lines before the last are bound to it, so that none can be exchanged. Pure.</summary>
internal static class SealedKey
{
    public const int SaltLength = 16;
    public const int NonceLength = 24;

    /// <summary>No sealed key is longer: what is, is another file.</summary>
    public const int MaximumLength = 1024;

    private const int TagLength = 16;
    private const int LineCount = 6;
    private const string FirstLine = "p2pgrpc sealed identity 1";
    private const string FirstLineStart = "p2pgrpc sealed identity ";

    private static AeadAlgorithm Cipher => AeadAlgorithm.XChaCha20Poly1305;

    /// <summary>True if the text means to be a sealed key, of whatever version.</summary>
    public static bool IsMeant(string text) => text.StartsWith(FirstLineStart, StringComparison.Ordinal);

    /// <param name="seed">The private key.</param>
    /// <param name="peer">Whose it is.</param>
    /// <param name="passphrase">As it was typed; its UTF-8 bytes count.</param>
    /// <param name="cost">What it costs to try one passphrase.</param>
    /// <param name="salt">16 random bytes.</param>
    /// <param name="nonce">24 random bytes.</param>
    public static string Seal(
        ReadOnlySpan<byte> seed, PeerId peer, string passphrase, SealingCost cost, ReadOnlySpan<byte> salt, ReadOnlySpan<byte> nonce)
    {
        var bound = string.Create(
            CultureInfo.InvariantCulture,
            $"{FirstLine}\npeer {peer}\nargon2id {cost.Memory} {cost.Passes}\nsalt {Base32.Encode(salt)}\nnonce {Base32.Encode(nonce)}\n");
        using var key = Stretch(passphrase, cost, salt);
        return $"{bound}sealed {Base32.Encode(Cipher.Encrypt(key, nonce, Encoding.ASCII.GetBytes(bound), seed))}\n";
    }

    /// <summary>Reads whose key it is, without the passphrase. Null with a fault for people.</summary>
    public static PeerId? ReadPeer(string text, out string fault) => Parse(text, out fault)?.Peer;

    /// <summary>Opens it. Null with a fault for people.</summary>
    /// <returns>The seed, which is the caller's to wipe.</returns>
    public static byte[]? Open(string text, string passphrase, out string fault)
    {
        if (Parse(text, out fault) is not { } parts)
            return null;
        using var key = Stretch(passphrase, parts.Cost, parts.Salt);
        var seed = new byte[IdentityKey.SeedLength];
        if (!Cipher.Decrypt(key, parts.Nonce, Encoding.ASCII.GetBytes(parts.Bound), parts.Box, seed))
        {
            fault = "The passphrase is another one, or the file was changed.";
            return null;
        }

        using var identity = IdentityKey.FromSeed(seed);
        if (identity.PeerId == parts.Peer)
            return seed;
        CryptographicOperations.ZeroMemory(seed);
        fault = "The file names another peer than its key belongs to.";
        return null;
    }

    private static Key Stretch(string passphrase, SealingCost cost, ReadOnlySpan<byte> salt)
    {
        var stretching = PasswordBasedKeyDerivationAlgorithm.Argon2id(
            new Argon2Parameters { DegreeOfParallelism = 1, MemorySize = cost.Memory, NumberOfPasses = cost.Passes });
        var bytes = Encoding.UTF8.GetBytes(passphrase);
        try
        {
            return stretching.DeriveKey(bytes, salt, Cipher);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static Parts? Parse(string text, out string fault)
    {
        fault = "This is no key that 'p2pgrpc key export' has written.";
        // A file that was mailed or copied by hand may have other line ends, and lines without content at its end.
        var lines = text.ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
        if (lines[0] != FirstLine)
        {
            if (IsMeant(text))
                fault = $"This version of the program knows only '{FirstLine}': use a newer one.";
            return null;
        }

        var (salt, nonce) = (new byte[SaltLength], new byte[NonceLength]);
        var box = new byte[IdentityKey.SeedLength + TagLength];
        if (lines.Length != LineCount
            || !PeerId.TryParse(After(lines[1], "peer "), out var peer)
            || ReadCost(After(lines[2], "argon2id ")) is not { IsSane: true } cost
            || !Base32.TryDecode(After(lines[3], "salt "), salt)
            || !Base32.TryDecode(After(lines[4], "nonce "), nonce)
            || !Base32.TryDecode(After(lines[5], "sealed "), box))
        {
            fault = "The file is damaged or cut off.";
            return null;
        }

        fault = "";
        return new Parts(peer, cost, salt, nonce, box, string.Join('\n', lines[..(LineCount - 1)]) + "\n");
    }

    private static ReadOnlySpan<char> After(string line, string name) => line.StartsWith(name, StringComparison.Ordinal) ? line.AsSpan(name.Length) : [];

    private static SealingCost? ReadCost(ReadOnlySpan<char> text)
    {
        var space = text.IndexOf(' ');
        return space > 0
            && long.TryParse(text[..space], NumberStyles.None, CultureInfo.InvariantCulture, out var memory)
            && long.TryParse(text[(space + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var passes)
            ? new SealingCost(memory, passes)
            : null;
    }

    private sealed record Parts(PeerId Peer, SealingCost Cost, byte[] Salt, byte[] Nonce, byte[] Box, string Bound);
}

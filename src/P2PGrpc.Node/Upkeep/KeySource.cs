using System.Security.Cryptography;
using System.Text;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Upkeep;

/// <summary>A private key out of a file: a node's key file, or one that was sealed by a passphrase. Disposing wipes it.</summary>
internal sealed class KeySource : IDisposable
{
    private readonly byte[] seed;

    private KeySource(byte[] seed)
    {
        this.seed = seed;
        using var identity = IdentityKey.FromSeed(seed);
        Peer = identity.PeerId;
    }

    /// <summary>Whose key it is.</summary>
    public PeerId Peer { get; }

    /// <param name="path">The file.</param>
    /// <param name="askPassphrase">Asked only where the file is sealed.</param>
    /// <exception cref="UpkeepException">There is no key in it, or the passphrase is another one.</exception>
    public static KeySource Read(string path, Func<string> askPassphrase)
    {
        var text = ReadText(path);
        // What is read here is copied, so whoever shares the file with its group gets a file of the node's own: a Secret of Kubernetes can't be mounted otherwise.
        if (!SealedKey.IsMeant(text))
            return OfFile(path, UnixFileMode.GroupRead);
        if (SealedKey.ReadPeer(text, out var fault) is null)
            throw new UpkeepException("KEY_DAMAGED", $"{path}: {fault}");
        return SealedKey.Open(text, askPassphrase(), out fault) is { } seed
            ? new KeySource(seed)
            : throw new UpkeepException("KEY_NOT_OPENED", $"{path} could not be opened. {fault}");
    }

    /// <summary>A key file as a node has it.</summary>
    /// <exception cref="UpkeepException">It is none.</exception>
    public static KeySource OfFile(string path) => OfFile(path, UnixFileMode.None);

    private static KeySource OfFile(string path, UnixFileMode tolerated)
    {
        try
        {
            return new KeySource(IdentityFile.ReadSeed(path, tolerated));
        }
        catch (NodeStartException fault)
        {
            throw new UpkeepException(fault.Reason, fault.Message, fault);
        }
    }

    /// <summary>Seals it by a passphrase.</summary>
    public string Seal(string passphrase, SealingCost cost) => SealedKey.Seal(
        seed, Peer, passphrase, cost, RandomNumberGenerator.GetBytes(SealedKey.SaltLength), RandomNumberGenerator.GetBytes(SealedKey.NonceLength));

    /// <summary>Makes it the key of the node in this directory. False if there is one.</summary>
    public bool TryWrite(string path) => IdentityFile.TryWrite(path, seed);

    public void Dispose() => CryptographicOperations.ZeroMemory(seed);

    private static string ReadText(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            var bytes = new byte[SealedKey.MaximumLength + 1];
            var length = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            return Encoding.ASCII.GetString(bytes, 0, length);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UpkeepException("KEY_UNREADABLE", $"The key file {path} can't be read: {fault.Message}", fault);
        }
    }
}

using System.Security.Cryptography;
using System.Text;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Identity;

/// <summary>The file that holds a node's identity key: a few lines of ASCII that name the format, the seed, and the PeerId that follows
/// from it.
/// The PeerId serves as the checksum: a damaged file is noticed, and never taken for another identity.</summary>
internal static class IdentityFile
{
    private const string FirstLine = "p2pgrpc identity 1";
    private const string Warning = "Whoever holds this file is this node. Keep it secret, and never run two nodes with it.";
    private const string FirstLineStart = "p2pgrpc identity ";
    private const UnixFileMode OthersMask = ~(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.SetGroup);

    /// <summary>No identity file is longer: what is, is another file.</summary>
    private const int MaximumLength = 1024;

    /// <summary>Reads the key, or makes one where there is no file. An existing file is never written to.</summary>
    /// <exception cref="NodeStartException">KEY_FILE_MODE: others could read it. KEY_FILE_DAMAGED: it is not what was written, or can't be
    /// read or made. DISK_FULL: there is no room to make it.</exception>
    public static IdentityKey LoadOrCreate(string path)
    {
        path = Path.GetFullPath(path);
        var directory = Path.GetDirectoryName(path)!;
        try
        {
            RefuseLooseMode(directory, "700");
            if (!File.Exists(path))
                Create(path, directory);
            RefuseLooseMode(path, "600");
            return Load(path);
        }
        catch (IOException full) when (DiskRoom.IsLack(full))
        {
            throw new NodeStartException("DISK_FULL", $"The disk has no room for the key file {path}. Free some space, a megabyte at least, and start again.", full);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NodeStartException(
                "KEY_FILE_DAMAGED",
                $"The key file {path} can't be read or made: {error.Message} Check the disk and the directory's owner.",
                error);
        }
    }

    /// <summary>Reads the private key itself, for who keeps it elsewhere.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tolerated">What others may do with the file all the same.</param>
    /// <returns>The seed, which is the caller's to wipe.</returns>
    /// <exception cref="NodeStartException">As for <see cref="LoadOrCreate"/>; also where there is no file.</exception>
    public static byte[] ReadSeed(string path, UnixFileMode tolerated = UnixFileMode.None)
    {
        path = Path.GetFullPath(path);
        try
        {
            RefuseLooseMode(path, "600", tolerated);
            var seed = new byte[IdentityKey.SeedLength];
            using var identity = Load(path, seed);
            return seed;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new NodeStartException("KEY_FILE_DAMAGED", $"The key file {path} can't be read: {error.Message}", error);
        }
    }

    /// <summary>Writes a key file. False, and nothing changed, if there is one.</summary>
    /// <exception cref="IOException">The disk refused.</exception>
    public static bool TryWrite(string path, ReadOnlySpan<byte> seed)
    {
        path = Path.GetFullPath(path);
        return TryPublish(path, Path.GetDirectoryName(path)!, seed);
    }

    private static IdentityKey Load(string path)
    {
        Span<byte> seed = stackalloc byte[IdentityKey.SeedLength];
        try
        {
            return Load(path, seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    private static IdentityKey Load(string path, Span<byte> seed)
    {
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        Span<byte> bytes = stackalloc byte[MaximumLength + 1];
        var length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        try
        {
            return Read(path, Encoding.UTF8.GetString(bytes[..length]), seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(bytes);
        }
    }

    private static IdentityKey Read(string path, string text, Span<byte> seed)
    {
        var lines = text.Split('\n');
        if (lines[0] != FirstLine
            && lines[0].StartsWith(FirstLineStart, StringComparison.Ordinal)
            && lines[0].Length < FirstLine.Length + 8)
        {
            throw new NodeStartException(
                "KEY_FILE_DAMAGED",
                $"The key file {path} begins with \"{DisplayText.Clean(lines[0], 40)}\", and this version knows only \"{FirstLine}\". " +
                "Use a newer version, or put back a good copy.");
        }

        if (lines.Length > 3
            && lines[2].StartsWith("seed ", StringComparison.Ordinal)
            && Base32.TryDecode(lines[2].AsSpan(5), seed))
        {
            var identity = IdentityKey.FromSeed(seed);
            if (Format(seed, identity.PeerId) == text)
                return identity;
            identity.Dispose();
        }

        throw new NodeStartException(
            "KEY_FILE_DAMAGED",
            $"The key file {path} is damaged. Put back a good copy; or move it, the database and its -wal file away to start " +
            "with a new identity, which other nodes will treat as a stranger.");
    }

    private static void Create(string path, string directory)
    {
        var seed = RandomNumberGenerator.GetBytes(IdentityKey.SeedLength);
        TryPublish(path, directory, seed);
        CryptographicOperations.ZeroMemory(seed);
    }

    private static bool TryPublish(string path, string directory, ReadOnlySpan<byte> seed)
    {
        var temporary = $"{path}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}.tmp";
        try
        {
            WriteSeed(temporary, seed);
            if (!DurableFiles.TryPublish(temporary, path))
                return false;
            DurableFiles.Sync(directory);
            return true;
        }
        finally
        {
            // Besides this one, a process that was killed right here may have left files without use.
            foreach (var leftover in Directory.EnumerateFiles(directory, Path.GetFileName(path) + ".*.tmp"))
                File.Delete(leftover);
        }
    }

    private static void WriteSeed(string temporary, ReadOnlySpan<byte> seed)
    {
        using var identity = IdentityKey.FromSeed(seed);
        var bytes = Encoding.ASCII.GetBytes(Format(seed, identity.PeerId));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var stream = new FileStream(temporary, options);
        stream.Write(bytes);
        CryptographicOperations.ZeroMemory(bytes);
        DurableFiles.Sync(stream.SafeFileHandle);
    }

    private static string Format(ReadOnlySpan<byte> seed, PeerId peer) =>
        $"{FirstLine}\n{Warning}\nseed {Base32.Encode(seed)}\npeer {peer}\n";

    private static void RefuseLooseMode(string path, string wanted, UnixFileMode tolerated = UnixFileMode.None)
    {
        if (OperatingSystem.IsWindows())
            return;
        var mode = File.GetUnixFileMode(path);
        if ((mode & OthersMask & ~tolerated) == 0)
            return;
        throw new NodeStartException(
            "KEY_FILE_MODE",
            $"Other users may have access to {path} (mode {Convert.ToString((int)mode, 8)}), and the node's key must be its own. " +
            $"Type: chmod {wanted} '{path}'");
    }
}

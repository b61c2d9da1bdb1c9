using System.Security.Cryptography;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Puts a backup into a directory that holds nothing of a node, but perhaps its key.</summary>
internal static class Restoration
{
    private const string Unfinished = DataFiles.Database + ".restoring";
    private const int CopyBytes = 1 << 20;

    /// <summary>What may lie in the directory: the lock of this very process, the key, and what an attempt that was cut off has left.</summary>
    private static readonly string[] Harmless = [DataFiles.Lock, DataFiles.Key, Unfinished];

    /// <param name="backup">The backup's directory.</param>
    /// <param name="dataDirectory">Where to put it.</param>
    /// <param name="key">The node's key; null for the one in the backup, or in the directory.</param>
    /// <param name="tell">Told now and then: the bytes copied, and all of them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UpkeepException">It can't be done; the directory has no database then.</exception>
    public static PeerId Run(string backup, string dataDirectory, KeySource? key, Action<long, long> tell, CancellationToken cancellationToken)
    {
        var manifest = BackupManifest.Read(backup);
        using var directory = DataDirectory.Open(dataDirectory);
        CheckEmpty(dataDirectory);
        using var own = key is null ? FindKey(backup, directory.IdentityPath) : null;
        CheckKey(key ?? own!, manifest, directory.IdentityPath);
        var copy = Path.Combine(Path.GetFullPath(dataDirectory), Unfinished);
        try
        {
            Copy(Path.Combine(backup, DataFiles.Database), copy, manifest, tell, cancellationToken);
            // The key first: a database without one keeps a node from starting, a key alone does not.
            (key ?? own!).TryWrite(directory.IdentityPath);
            File.Move(copy, directory.DatabasePath);
            DurableFiles.Sync(Path.GetFullPath(dataDirectory));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UpkeepException("RESTORE_FAILED", $"The backup could not be put into {dataDirectory}: {fault.Message}", fault);
        }
        finally
        {
            File.Delete(copy);
        }

        return manifest.Peer;
    }

    private static void CheckEmpty(string directory)
    {
        var found = Directory.EnumerateFileSystemEntries(directory).Select(path => Path.GetFileName(path)).Except(Harmless).Order(StringComparer.Ordinal).FirstOrDefault();
        if (found is not null)
            throw new UpkeepException(
                "DIRECTORY_NOT_EMPTY",
                $"{directory} is not empty: it holds {found}, and a restoration overwrites nothing. Name another directory, or move what is there away first; keep it "
                + "until the node has all that you want.");
    }

    private static KeySource FindKey(string backup, string identityPath)
    {
        var inBackup = Path.Combine(backup, DataFiles.Key);
        if (File.Exists(inBackup))
            return KeySource.OfFile(inBackup);
        if (File.Exists(identityPath))
            return KeySource.OfFile(identityPath);
        throw new UpkeepException(
            "KEY_MISSING", "The backup holds no key, as backups do unless they were told to. Name the node's key by --key: identity.key, or what 'p2pgrpc key export' has written.");
    }

    private static void CheckKey(KeySource key, BackupManifest manifest, string identityPath)
    {
        if (key.Peer != manifest.Peer)
            throw new UpkeepException("KEY_OF_ANOTHER", $"The key is that of {key.Peer}, and the backup that of {manifest.Peer}. Name the key that belongs to it.");
        if (!File.Exists(identityPath))
            return;
        using var present = KeySource.OfFile(identityPath);
        if (present.Peer != key.Peer)
            throw new UpkeepException("KEY_OF_ANOTHER", $"{identityPath} is the key of another node, {present.Peer}. Move it away first.");
    }

    private static void Copy(string from, string to, BackupManifest manifest, Action<long, long> tell, CancellationToken cancellationToken)
    {
        File.Delete(to);
        using var reading = File.OpenRead(from);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writing = new FileStream(to, options);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[CopyBytes];
        for (int read; (read = reading.Read(buffer)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
            writing.Write(buffer, 0, read);
            tell(writing.Position, manifest.DatabaseBytes);
        }

        if (Convert.ToHexStringLower(hash.GetHashAndReset()) != manifest.Sha256)
            throw new UpkeepException("BACKUP_DAMAGED", $"{from} is not what was written: its hash is another one than backup.json says. Take another backup.");
        DurableFiles.Sync(writing.SafeFileHandle);
    }
}

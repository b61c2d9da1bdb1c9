using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Makes backups of one node, whether it runs or not. One at a time.</summary>
/// <param name="databasePath">Its database.</param>
/// <param name="identityPath">Its key file.</param>
/// <param name="peer">Whose they are.</param>
/// <param name="program">The version of this program.</param>
/// <param name="time">The clock.</param>
internal sealed class BackupWriter(string databasePath, string identityPath, PeerId peer, string program, TimeProvider time)
{
    /// <summary>What is to stay free on the disk besides the copy: a node that runs goes on writing there.</summary>
    private const long SpareBytes = 64L << 20;

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private int busy;

    /// <param name="directory">Where nothing is yet; its parent is there.</param>
    /// <param name="withKey">True: with the private key, in clear.</param>
    /// <param name="tell">Told now and then: the bytes copied, and all of them.</param>
    /// <param name="cancellationToken">Gives up, and takes away what was made.</param>
    /// <exception cref="UpkeepException">It can't be made; nothing of it is left.</exception>
    public Backup Write(string directory, bool withKey, Action<long, long> tell, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref busy, 1) != 0)
            throw new UpkeepException("BACKUP_RUNS", "Another backup of this node is being made. Wait for its end.");
        try
        {
            Create(directory);
            try
            {
                CheckRoom(directory);
                return Fill(directory, withKey, tell, cancellationToken);
            }
            catch
            {
                Remove(directory);
                throw;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new UpkeepException("BACKUP_FAILED", $"The backup {directory} could not be made: {fault.Message} Nothing of it was left.", fault);
        }
        finally
        {
            Volatile.Write(ref busy, 0);
        }
    }

    private Backup Fill(string directory, bool withKey, Action<long, long> tell, CancellationToken cancellationToken)
    {
        var copy = Path.Combine(directory, DataFiles.Database);
        using (Create(copy, []))
        {
            // Made here, so that it is nobody else's to read from its first byte on.
        }

        var pageBytes = ReadPageBytes();
        StoreCopy.Copy(databasePath, copy, (pages, all) => tell(pages * pageBytes, all * pageBytes), cancellationToken);
        if (withKey)
            CopyKey(Path.Combine(directory, DataFiles.Key));
        var (schema, position) = ReadEnd(copy);
        var manifest = new BackupManifest(
            BackupManifest.CurrentFormat, peer.ToString(), program, schema, position, time.GetUtcNow(), new FileInfo(copy).Length, Hash(copy, cancellationToken));
        DurableFiles.Sync(directory);
        using (var written = Create(Path.Combine(directory, BackupManifest.FileName), System.Text.Encoding.UTF8.GetBytes(manifest.ToText())))
            DurableFiles.Sync(written.SafeFileHandle);
        DurableFiles.Sync(directory);
        DurableFiles.Sync(Path.GetDirectoryName(Path.GetFullPath(directory))!);
        return new Backup
        {
            Directory = directory,
            PeerId = manifest.PeerId,
            Position = manifest.Position,
            DatabaseBytes = (ulong)manifest.DatabaseBytes,
            Sha256 = manifest.Sha256,
            WithKey = withKey,
            CreatedMs = (ulong)Math.Max(0, manifest.CreatedAt.ToUnixTimeMilliseconds()),
        };
    }

    private static void Create(string directory)
    {
        if (Directory.Exists(directory) || File.Exists(directory))
            throw new UpkeepException("BACKUP_EXISTS", $"There is something at {directory} already, and a backup overwrites nothing. Name a directory that is not there yet.");
        if (Path.GetDirectoryName(Path.GetFullPath(directory)) is not { } parent || !Directory.Exists(parent))
            throw new UpkeepException("BACKUP_PLACE", $"{directory} can't be made: the directory above it is not there, or not for the node's user to see. Make it first.");
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, OwnerOnly);
    }

    private static FileStream Create(string path, ReadOnlySpan<byte> content)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerFile;
        var file = new FileStream(path, options);
        file.Write(content);
        return file;
    }

    private void CheckRoom(string directory)
    {
        var needed = new FileInfo(databasePath).Length + SpareBytes;
        var free = DiskRoom.Read(directory);
        if (free < needed)
            throw new UpkeepException(
                "BACKUP_NO_ROOM",
                string.Create(CultureInfo.InvariantCulture, $"The backup and some room beside it take {needed >> 20} MiB, and only {free >> 20} MiB are free there. ")
                + "Free some, or name a place on another disk.");
    }

    private long ReadPageBytes()
    {
        using var connection = StoreConnection.OpenReader(databasePath);
        return connection.ReadScalar("PRAGMA page_size") is long bytes ? bytes : 0;
    }

    private static (long Schema, ulong Position) ReadEnd(string copy)
    {
        using var connection = StoreConnection.OpenReader(copy);
        return ((long)connection.ReadScalar("PRAGMA user_version")!, LogTable.ReadLastPosition(connection));
    }

    private void CopyKey(string path)
    {
        var seed = IdentityFile.ReadSeed(identityPath);
        try
        {
            IdentityFile.TryWrite(path, seed);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(seed);
        }
    }

    /// <summary>The SHA-256 of a file, as backup.json says it.</summary>
    public static string Hash(string path, CancellationToken cancellationToken)
    {
        using var file = File.OpenRead(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, read);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static void Remove(string directory)
    {
        try
        {
            Directory.Delete(directory, recursive: true);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Without its manifest it is taken for no backup.
        }
    }
}

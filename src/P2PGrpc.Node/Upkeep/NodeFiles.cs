using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Upkeep;

/// <summary>What can be done with a node's files while no node runs there, and verifying them, which can be done at any time. Thread-safe as far as the files are not the
/// same.</summary>
internal static class NodeFiles
{
    /// <summary>The shortest passphrase that seals a key: shorter ones are found by trying, whatever each try costs.</summary>
    public const int ShortestPassphrase = 10;

    /// <summary>True if a process holds the data directory: a node runs there.</summary>
    public static bool IsInUse(string dataDirectory)
    {
        if (!File.Exists(Path.Combine(dataDirectory, "lock")))
            return false;
        try
        {
            using var directory = DataDirectory.Open(dataDirectory);
            return false;
        }
        catch (NodeStartException held) when (held.Reason == "DIRECTORY_IN_USE")
        {
            return true;
        }
        catch (NodeStartException)
        {
            // Whatever is wrong there is told by whoever needs it.
            return false;
        }
    }

    /// <summary>Makes a backup of a node that does not run.</summary>
    /// <param name="dataDirectory">The node's.</param>
    /// <param name="directory">Where nothing is yet.</param>
    /// <param name="withKey">True: with the private key, in clear.</param>
    /// <param name="progress">Told now and then: the bytes copied, and all of them.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up, and takes away what was made.</param>
    /// <exception cref="UpkeepException">It can't be made.</exception>
    public static Backup CreateBackup(
        string dataDirectory, string directory, bool withKey, Action<long, long> progress, TimeProvider time, CancellationToken cancellationToken)
    {
        RequireDatabase(dataDirectory);
        using var held = Open(dataDirectory);
        using var key = KeySource.OfFile(held.IdentityPath);
        return new BackupWriter(held.DatabasePath, held.IdentityPath, key.Peer, ProgramVersion.Text, time).Write(directory, withKey, progress, cancellationToken);
    }

    /// <summary>Puts a backup into an empty directory.</summary>
    /// <param name="backup">The backup's directory.</param>
    /// <param name="dataDirectory">Where to put it; made if it is not there.</param>
    /// <param name="keyFile">The node's key, sealed or not; null for the one in the backup or in the directory.</param>
    /// <param name="askPassphrase">Asked where the key is sealed.</param>
    /// <param name="progress">Told now and then: the bytes copied, and all of them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Which node it is.</returns>
    /// <exception cref="UpkeepException">It can't be done; the directory has no database then.</exception>
    public static PeerId Restore(
        string backup, string dataDirectory, string? keyFile, Func<string> askPassphrase, Action<long, long> progress, CancellationToken cancellationToken)
    {
        using var key = keyFile is null ? null : KeySource.Read(keyFile, askPassphrase);
        return Translate(() => Restoration.Run(backup, dataDirectory, key, progress, cancellationToken));
    }

    /// <summary>Verifies a data directory, whether its node runs or not, a backup, or a database file. Changes nothing.</summary>
    /// <param name="path">One of these.</param>
    /// <param name="progress">Told now and then: the position, and the last one.</param>
    /// <param name="found">Told of each fault, in a line for people.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="UpkeepException">There is nothing that could be verified.</exception>
    public static VerificationReport Verify(string path, Action<ulong, ulong> progress, Action<string> found, CancellationToken cancellationToken)
    {
        if (File.Exists(path))
            return new FeedVerifier(path, null).Run(true, progress, found, cancellationToken);
        if (BackupManifest.IsIn(path))
            return new FeedVerifier(Path.Combine(path, DataFiles.Database), BackupManifest.Read(path).Peer).Run(true, progress, found, cancellationToken);
        RequireDatabase(path);
        return new FeedVerifier(Path.Combine(path, DataFiles.Database), FindPeer(path)).Run(!IsInUse(path), progress, found, cancellationToken);
    }

    /// <summary>Writes a node's private key to a new file, sealed by a passphrase. The node may run.</summary>
    /// <returns>Whose it is.</returns>
    /// <exception cref="UpkeepException">The passphrase is too short, the file is there already, or the key can't be read.</exception>
    public static PeerId ExportKey(string dataDirectory, string file, string passphrase) => ExportKey(dataDirectory, file, passphrase, SealingCost.Default);

    internal static PeerId ExportKey(string dataDirectory, string file, string passphrase, SealingCost cost)
    {
        if (passphrase.Length < ShortestPassphrase)
            throw new UpkeepException("PASSPHRASE_SHORT", $"The passphrase has {passphrase.Length} characters; at least {ShortestPassphrase} are needed. Five or six words are good.");
        using var key = KeySource.OfFile(Path.Combine(dataDirectory, DataFiles.Key));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        var text = System.Text.Encoding.ASCII.GetBytes(key.Seal(passphrase, cost));
        FileStream? made = null;
        try
        {
            using (made = new FileStream(file, options))
            {
                made.Write(text);
                DurableFiles.Sync(made.SafeFileHandle);
            }

            return key.Peer;
        }
        catch (IOException) when (made is null && File.Exists(file))
        {
            throw new UpkeepException("FILE_EXISTS", $"There is something at {file} already, and nothing is overwritten. Name another file.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Half a key would be taken for one.
            if (made is not null)
                File.Delete(file);
            throw new UpkeepException("KEY_NOT_WRITTEN", $"{file} can't be written: {fault.Message}", fault);
        }
    }

    /// <summary>Makes the key of a file that of the node in a directory, which has none yet, or this very one.</summary>
    /// <returns>Whose it is.</returns>
    /// <exception cref="UpkeepException">There is another key already, or none in the file; or the passphrase is another one.</exception>
    public static PeerId ImportKey(string file, string dataDirectory, Func<string> askPassphrase)
    {
        using var key = KeySource.Read(file, askPassphrase);
        using var directory = Open(dataDirectory);
        if (Translate(() => key.TryWrite(directory.IdentityPath)))
            return key.Peer;
        using var present = KeySource.OfFile(directory.IdentityPath);
        return present.Peer == key.Peer
            ? key.Peer
            : throw new UpkeepException(
                "KEY_EXISTS", $"{directory.IdentityPath} is the key of another node, {present.Peer}, and is never overwritten. Name another directory by --data, or move that file away.");
    }

    private static PeerId? FindPeer(string directory)
    {
        try
        {
            using var key = KeySource.OfFile(Path.Combine(directory, DataFiles.Key));
            return key.Peer;
        }
        catch (UpkeepException)
        {
            // What follows from the key is not looked at then.
            return null;
        }
    }

    private static void RequireDatabase(string directory)
    {
        if (!File.Exists(Path.Combine(directory, DataFiles.Database)))
            throw new UpkeepException("DATABASE_MISSING", $"{directory} holds no {DataFiles.Database}. Name a node's data directory, or a backup.");
    }

    private static DataDirectory Open(string dataDirectory) => Translate(() => DataDirectory.Open(dataDirectory));

    private static T Translate<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (NodeStartException refused)
        {
            throw new UpkeepException(refused.Reason, refused.Message, refused);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new UpkeepException("DISK_REFUSED", fault.Message, fault);
        }
    }
}

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
        try
        {
            using var held = DataDirectory.Hold(dataDirectory);
            return false;
        }
        catch (NodeStartException)
        {
            return true;
        }
    }

    /// <summary>True if a directory is a backup, by what was written last into it.</summary>
    public static bool IsBackup(string directory) => BackupManifest.IsIn(directory);

    /// <summary>Takes away what is left of a backup whose node ended before it was whole. Other files, and what is whole, are not touched.</summary>
    /// <returns>True if nothing is left.</returns>
    public static bool TryDiscardHalfBackup(string directory)
    {
        try
        {
            if (!Directory.Exists(directory))
                return true;
            if (IsBackup(directory))
                return false;
            foreach (var path in Directory.EnumerateFiles(directory))
                if (Path.GetFileName(path) is var name && (name.StartsWith(DataFiles.Database, StringComparison.Ordinal) || name.StartsWith(DataFiles.Key, StringComparison.Ordinal)))
                    File.Delete(path);
            Directory.Delete(directory);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Makes a backup of a node that does not run. Its directory may lie on a disk that can only be read.</summary>
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
        using var held = Translate(() => DataDirectory.Hold(dataDirectory));
        var (database, identity) = (Path.Combine(dataDirectory, DataFiles.Database), Path.Combine(dataDirectory, DataFiles.Key));
        using var key = KeySource.OfFile(identity);
        return new BackupWriter(database, identity, key.Peer, ProgramVersion.Text, time).Write(directory, withKey, progress, cancellationToken);
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
        RefuseUnreadable(path);
        if (File.Exists(path))
            return new FeedVerifier(path, null).Run(true, progress, found, cancellationToken);
        RequireDatabase(path);
        var database = Path.Combine(path, DataFiles.Database);
        var faults = 0ul;
        var peer = BackupManifest.IsIn(path) ? CheckBackup(path, Tell, cancellationToken) : FindPeer(path);
        if (peer is null && !File.Exists(Path.Combine(path, DataFiles.Key)))
            Tell($"{path} is no whole backup, for it has no {BackupManifest.FileName}, which 'p2pgrpc backup' writes last; nor a node's directory, for it has no key. 'p2pgrpc restore' does not take it.");
        var report = new FeedVerifier(database, peer).Run(!IsInUse(path), progress, found, cancellationToken);
        return report with { Faults = report.Faults + faults };

        void Tell(string fault)
        {
            faults++;
            found(fault);
        }
    }

    /// <summary>Looks at what a restoration looks at.</summary>
    /// <returns>Whose the backup is.</returns>
    private static PeerId CheckBackup(string directory, Action<string> tell, CancellationToken cancellationToken)
    {
        var manifest = BackupManifest.Read(directory);
        if (Translate(() => BackupWriter.Hash(Path.Combine(directory, DataFiles.Database), cancellationToken)) != manifest.Sha256)
            tell($"{DataFiles.Database} is not what was written: its hash is another one than {BackupManifest.FileName} says. 'p2pgrpc restore' does not take it.");
        var path = Path.Combine(directory, DataFiles.Key);
        try
        {
            using var key = File.Exists(path) ? KeySource.OfFile(path) : null;
            if (key is not null && key.Peer != manifest.Peer)
                tell($"{DataFiles.Key} is that of {key.Peer}, and the backup that of {manifest.Peer}");
        }
        catch (UpkeepException wrong)
        {
            tell(wrong.Message);
        }

        return manifest.Peer;
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
        RefuseUnreadable(Path.Combine(directory, DataFiles.Database));
        if (!File.Exists(Path.Combine(directory, DataFiles.Database)))
            throw new UpkeepException("DATABASE_MISSING", $"{directory} holds no {DataFiles.Database}. Name a node's data directory, or a backup.");
    }

    private static void RefuseUnreadable(string path)
    {
        if (ReadAccess.FindBarrier(path) is { } barrier)
            throw new UpkeepException("DATABASE_UNREADABLE", $"This user may not read {barrier}. Give the command as the user that the node runs as, or as root.");
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

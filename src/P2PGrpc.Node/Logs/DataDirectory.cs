using P2PGrpc.Node.Files;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Logs;

/// <summary>A node's directory, held by this process alone until disposed. The lock dies with the process, however it ends.</summary>
internal sealed class DataDirectory : IDisposable
{
    // A directory made in one whose group is handed down, as volumes of containers often are, has that bit too; it lets nobody in.
    private const UnixFileMode Allowed = OwnerOnly | UnixFileMode.SetGroup;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    // EWOULDBLOCK of Linux, that of other Unix systems, and a sharing violation of Windows.
    private static readonly int[] LockedErrors = [11, 35, unchecked((int)0x80070020)];

    private readonly string root;
    private readonly FileStream lockFile;

    private DataDirectory(string root, FileStream lockFile)
    {
        this.root = root;
        this.lockFile = lockFile;
    }

    public string IdentityPath => Path.Combine(root, DataFiles.Key);

    public string DatabasePath => Path.Combine(root, DataFiles.Database);

    /// <summary>The index of the history, which can be built again from the database.</summary>
    public string HistoryPath => Path.Combine(root, DataFiles.History);

    /// <summary>Room for the next start.</summary>
    public ReserveFile Reserve => new(Path.Combine(root, DataFiles.Reserve));

    public string TokenPath => Path.Combine(root, DataFiles.Token);

    public string SocketPath => Path.Combine(root, DataFiles.Socket);

    /// <summary>Holds, while the node runs, the address of its API's TCP endpoint.</summary>
    public string AddressPath => Path.Combine(root, DataFiles.Address);

    /// <summary>Creates the directory if there is none, and locks it.</summary>
    /// <exception cref="NodeStartException">Another process holds it (DIRECTORY_IN_USE), others may enter it (DIRECTORY_MODE), or it
    /// can't be used at all (DIRECTORY_UNUSABLE).</exception>
    public static DataDirectory Open(string path)
    {
        var root = Path.GetFullPath(path);
        try
        {
            Create(root);
            return new DataDirectory(root, Lock(root, FileMode.OpenOrCreate, FileAccess.ReadWrite));
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            throw new NodeStartException(
                "DIRECTORY_UNUSABLE", $"The directory {root} can't be used: {exception.Message} Give another with --data.", exception);
        }
    }

    /// <summary>Keeps nodes from starting in a directory until disposed, and leaves no trace there. Null where there is no lock that this user may take: in a copy of a
    /// directory no node has ever run.</summary>
    /// <exception cref="NodeStartException">DIRECTORY_IN_USE: another process holds it.</exception>
    public static IDisposable? Hold(string path)
    {
        try
        {
            return Lock(Path.GetFullPath(path), FileMode.Open, FileAccess.Read);
        }
        catch (Exception absent) when (absent is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Looks whether identity and database belong together, before either is made. A first start makes the key first, and has it on disk
    /// before there is a database; so whatever kill or power loss ends it, only a key may be left alone.</summary>
    /// <returns>True if there is a key but no database, or one of no bytes: a first start that was cut off, or a database that is lost.</returns>
    /// <exception cref="NodeStartException">KEY_FILE_MISSING: there is a database but no key. A new identity would not be the one that all of it was
    /// written by and to. DATABASE_DAMAGED: there is a write-ahead log but no database. SQLite would delete it, and messages may stand in it alone.</exception>
    public bool FindKeyWithoutDatabase() => FindKeyWithoutDatabase(root);

    /// <inheritdoc cref="FindKeyWithoutDatabase()"/>
    public static bool FindKeyWithoutDatabase(string directory)
    {
        var (identityPath, databasePath) = (Path.Combine(directory, DataFiles.Key), Path.Combine(directory, DataFiles.Database));
        var hasKey = File.Exists(identityPath);
        var hasDatabase = new FileInfo(databasePath) is { Exists: true, Length: > 0 };
        if (hasDatabase && !hasKey)
            throw new NodeStartException(
                "KEY_FILE_MISSING",
                $"{databasePath} is there, but not the key of the node that wrote it. Put back {identityPath}; or move the database and its -wal file away "
                + "to start as a new node, which others will treat as a stranger.");
        var logPath = databasePath + DataFiles.WriteAheadLog;
        if (!hasDatabase && new FileInfo(logPath) is { Exists: true, Length: > 0 })
            throw new NodeStartException(
                "DATABASE_DAMAGED",
                $"{databasePath} is missing or empty, but its write-ahead log {logPath} is not, and messages may stand in it alone. Put back a copy of both; or "
                + "move the log away to start with an empty database: peers send again what they hold.");
        return hasKey && !hasDatabase;
    }

    public void Dispose() => lockFile.Dispose();

    private static void Create(string root)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(root);
            return;
        }

        if (!Directory.Exists(root))
        {
            Directory.CreateDirectory(root, OwnerOnly);
            if (Path.GetDirectoryName(root) is { } parent)
                DurableFiles.Sync(parent);
        }

        var mode = File.GetUnixFileMode(root);
        if ((mode & ~Allowed) != 0)
            throw new NodeStartException(
                "DIRECTORY_MODE",
                $"Others may enter the directory {root} (mode {Convert.ToString((int)mode, 8)}). It holds keys: run chmod 700 on it, or use another.");
    }

    private static FileStream Lock(string root, FileMode mode, FileAccess access)
    {
        try
        {
            return new FileStream(Path.Combine(root, DataFiles.Lock), mode, access, FileShare.None);
        }
        catch (IOException exception) when (LockedErrors.Contains(exception.HResult))
        {
            throw new NodeStartException(
                "DIRECTORY_IN_USE",
                $"Another process uses the directory {root}. Stop it, or give this one a directory of its own with --data.",
                exception);
        }
    }
}

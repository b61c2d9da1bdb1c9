namespace P2PGrpc.Node.Files;

/// <summary>What the files of a data directory are called. A backup has the first two under the same names.</summary>
internal static class DataFiles
{
    public const string Key = "identity.key";

    public const string Database = "p2pgrpc.db";

    /// <summary>The index of the history.</summary>
    public const string History = "history.db";

    /// <summary>What SQLite adds to a database's name for its write-ahead log.</summary>
    public const string WriteAheadLog = "-wal";

    /// <summary>What it adds for the memory that its connections share.</summary>
    public const string SharedMemory = "-shm";

    public const string Token = "api.token";

    public const string Socket = "api.sock";

    /// <summary>Where the TCP endpoint for clients is.</summary>
    public const string Address = "api.address";

    /// <summary>Room that is held for a start on a full disk.</summary>
    public const string Reserve = "reserve";

    /// <summary>Locked while a process holds the directory.</summary>
    public const string Lock = "lock";
}

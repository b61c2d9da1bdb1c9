namespace P2PGrpc.Node.Upkeep;

/// <summary>What a node takes of its disk, and what is left there.</summary>
/// <param name="DatabaseBytes">Its database and the history's index, with their write-ahead logs.</param>
/// <param name="FreeBytes">What its user may still write there.</param>
/// <param name="ReserveHeld">True if room is held for a start on a full disk.</param>
internal readonly record struct DiskUse(long DatabaseBytes, long FreeBytes, bool ReserveHeld)
{
    private static readonly string[] Files = ["p2pgrpc.db", "p2pgrpc.db-wal", "history.db", "history.db-wal"];

    /// <exception cref="IOException">The disk can't be asked.</exception>
    public static DiskUse Read(string dataDirectory) => new(
        Files.Sum(name => new FileInfo(Path.Combine(dataDirectory, name)) is { Exists: true } file ? file.Length : 0),
        new DriveInfo(Path.GetFullPath(dataDirectory)).AvailableFreeSpace,
        File.Exists(Path.Combine(dataDirectory, "reserve")));
}

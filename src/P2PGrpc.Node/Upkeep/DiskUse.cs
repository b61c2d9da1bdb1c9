using P2PGrpc.Node.Files;

namespace P2PGrpc.Node.Upkeep;

/// <summary>What a node takes of its disk, and what is left there.</summary>
/// <param name="DatabaseBytes">Its database and the history's index, with their write-ahead logs.</param>
/// <param name="FreeBytes">What its user may still write there.</param>
/// <param name="ReserveHeld">True if room is held for a start on a full disk.</param>
internal readonly record struct DiskUse(long DatabaseBytes, long FreeBytes, bool ReserveHeld)
{
    private static readonly string[] Databases =
        [DataFiles.Database, DataFiles.Database + DataFiles.WriteAheadLog, DataFiles.History, DataFiles.History + DataFiles.WriteAheadLog];

    /// <exception cref="IOException">The disk can't be asked.</exception>
    public static DiskUse Read(string dataDirectory) => new(
        Databases.Sum(name => new FileInfo(Path.Combine(dataDirectory, name)) is { Exists: true } file ? file.Length : 0),
        DiskRoom.Read(dataDirectory),
        File.Exists(Path.Combine(dataDirectory, DataFiles.Reserve)));
}

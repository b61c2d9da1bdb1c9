using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Testing;

/// <summary>What is on disk at one moment, as kill -9 leaves it: taken on the thread of the store's writer, between two transactions, and nothing is committed after it.</summary>
/// <param name="directory">The node's data directory.</param>
internal sealed class CrashImage(string directory) : WriteOperation
{
    // What SQLite calls an error of the disk: the only thing after which a store takes no more.
    private const int DiskError = 10;

    // The index of the history is left out: it is built again from the database. So are the lock, and what is only there while a node runs.
    private static readonly string[] Kept = [DataFiles.Key, DataFiles.Database, DataFiles.Database + DataFiles.WriteAheadLog, DataFiles.Token];

    private readonly string image = directory + ".image";
    private readonly string remains = directory + ".remains";

    /// <summary>True once the image is taken.</summary>
    public bool IsTaken { get; private set; }

    public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
    {
        CreatePrivate(image);
        foreach (var name in Kept)
            if (File.Exists(Path.Combine(directory, name)))
                File.Copy(Path.Combine(directory, name), Path.Combine(image, name));
        Directory.Move(directory, remains);
        // Where the database was is something that can't be opened as one, so the store does not recover from the error below.
        CreatePrivate(Path.Combine(directory, DataFiles.Database));
        IsTaken = true;
        throw new SqliteException("The node has crashed, as the test wants it.", DiskError);
    }

    /// <summary>Makes the image the data directory. To be called when the node is gone.</summary>
    public void Restore()
    {
        Directory.Delete(directory, recursive: true);
        Directory.Delete(remains, recursive: true);
        Directory.Move(image, directory);
    }

    private static void CreatePrivate(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}

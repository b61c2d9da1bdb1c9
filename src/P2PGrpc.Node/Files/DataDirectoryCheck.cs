using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Files;

/// <summary>Looks a data directory over before anything in it is opened: what lies in the way is then told for what it is, not in the words that the system
/// or SQLite has for its consequences.</summary>
internal static class DataDirectoryCheck
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static readonly string[] FilesToRead = [DataFiles.Key, DataFiles.Token];

    private static readonly string[] FilesToWrite = [DataFiles.Lock, DataFiles.Database, DataFiles.Database + DataFiles.WriteAheadLog, DataFiles.Database + DataFiles.SharedMemory];

    // Taken away and written anew, which only the directory has to allow.
    private static readonly string[] FilesToReplace = [DataFiles.Address];

    // What the system shows of itself as files: nothing can be kept there, whatever the modes say.
    private static readonly string[] SystemFormats = ["proc", "sysfs", "cgroup2fs"];

    /// <exception cref="NodeStartException">DIRECTORY_UNUSABLE: no node can run there as things are.</exception>
    public static void Examine(string root)
    {
        var nearest = FindNearest(root);
        if (nearest is not null && !OperatingSystem.IsWindows())
            ExamineAccess(root, nearest);
        foreach (var name in FilesToRead)
            ExamineFile(Path.Combine(root, name), writes: false);
        foreach (var name in FilesToWrite)
            ExamineFile(Path.Combine(root, name), writes: true);
        foreach (var name in FilesToReplace)
            RefuseDirectory(Path.Combine(root, name));
    }

    /// <summary>The files of a node that belong to another user than its directory: a node that runs as the directory's owner can't use them. Root sees no such fault.</summary>
    public static IReadOnlyList<string> FindForeign(string root)
    {
        const uint superuser = 0;
        if (DurableFiles.FindOwner(root) is not ({ } owner and not superuser))
            return [];
        string[] history = [DataFiles.History, DataFiles.History + DataFiles.WriteAheadLog, DataFiles.History + DataFiles.SharedMemory];
        return [.. FilesToRead.Concat(FilesToWrite).Concat(history).Select(name => Path.Combine(root, name))
            .Where(path => File.Exists(path) && DurableFiles.FindOwner(path) is { } other && other != owner)];
    }

    /// <summary>The directory itself, or the nearest above it that is there.</summary>
    private static string? FindNearest(string root)
    {
        for (var path = root; path is not null; path = Path.GetDirectoryName(path))
        {
            if (File.Exists(path))
                throw Unusable(path == root
                    ? $"{root} is a file, where the node's data directory belongs."
                    : $"The data directory {root} can't be made, because {path} is a file.");
            if (Directory.Exists(path))
                return path;
        }

        return null;
    }

    private static void ExamineAccess(string root, string nearest)
    {
        if (FindFormat(nearest) is { } format && SystemFormats.Contains(format))
            throw Unusable($"The data directory {root} lies where the system shows its own state, and no files can be kept.");
        if (DurableFiles.IsReadOnly(nearest))
            throw new NodeStartException(
                "DIRECTORY_UNUSABLE",
                $"{root} lies on a file system that is mounted read-only, as one is whose disk has failed. Have the disk looked at, and mount it for writing; 'p2pgrpc backup' works as it is.");
        if (nearest != root && !DurableFiles.MayAccess(nearest, writes: true, enters: true))
            throw Unusable($"This user may not make or enter {root} in {nearest}.");
        if (nearest != root || OperatingSystem.IsWindows())
            return;
        // Looser modes are refused by a sentence of their own, with the same cure.
        var mode = File.GetUnixFileMode(root);
        if ((mode & ~(OwnerOnly | UnixFileMode.SetGroup)) == 0 && !DurableFiles.MayAccess(root, writes: true, enters: true))
            throw Unusable($"This user may not read and write the directory {root} (mode {Convert.ToString((int)mode, 8).PadLeft(3, '0')}): its owner may have to run chmod 700 on it.");
    }

    /// <summary>The kind of file system, or null if the system doesn't tell: in a changed root that is no mount of its own it lists none for it.</summary>
    private static string? FindFormat(string path)
    {
        try
        {
            return new DriveInfo(path).DriveFormat;
        }
        catch (DriveNotFoundException)
        {
            return null;
        }
    }

    private static void ExamineFile(string path, bool writes)
    {
        RefuseDirectory(path);
        if (!OperatingSystem.IsWindows() && File.Exists(path) && !DurableFiles.MayAccess(path, writes, enters: false))
            throw new NodeStartException(
                "DIRECTORY_UNUSABLE",
                $"This user may not {(writes ? "read and write" : "read")} {path}. Start the node as the user that the file belongs to, with mode 600 on it.");
    }

    private static void RefuseDirectory(string path)
    {
        if (Directory.Exists(path))
            throw new NodeStartException(
                "DIRECTORY_UNUSABLE", $"{path} is a directory, where a file of the node belongs. Move it away, or give another data directory with --data.");
    }

    private static NodeStartException Unusable(string sentence) => new("DIRECTORY_UNUSABLE", sentence + " Give another directory with --data.");
}

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>Copies of data directories of nodes that do not run.</summary>
internal static class Directories
{
    /// <summary>Puts a copy of one directory in the place of another, with the modes of its files.</summary>
    public static void Replace(string source, string target)
    {
        if (Directory.Exists(target)) Directory.Delete(target, recursive: true);
        var folder = Directory.CreateDirectory(target);
        if (!OperatingSystem.IsWindows()) folder.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (var file in new DirectoryInfo(source).EnumerateFiles().Where(file => file.Extension != ".sock"))
            file.CopyTo(Path.Combine(target, file.Name));
    }
}

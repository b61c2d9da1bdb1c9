namespace P2PGrpc.Node.Files;

/// <summary>Tells what is not there from what this user may not see: for the system both are absent.</summary>
internal static class ReadAccess
{
    /// <summary>The part of a path that this user may not read: itself, or the nearest directory above it that is there. Null if there is none.</summary>
    public static string? FindBarrier(string path)
    {
        for (var part = Path.GetFullPath(path); part is not null; part = Path.GetDirectoryName(part))
        {
            var isDirectory = Directory.Exists(part);
            if (isDirectory || File.Exists(part))
                return DurableFiles.MayAccess(part, writes: false, enters: isDirectory) ? null : part;
        }

        return null;
    }
}

namespace P2PGrpc.Node.Files;

/// <summary>How much room a disk has left.</summary>
internal static class DiskRoom
{
    /// <summary>Bytes that this user may still write on the disk of a file; the largest number where the system does not say.</summary>
    public static long Find(string path)
    {
        try
        {
            // Windows knows drives only; elsewhere any directory will do.
            var place = OperatingSystem.IsWindows() ? Path.GetPathRoot(Path.GetFullPath(path)) : Path.GetDirectoryName(Path.GetFullPath(path));
            return new DriveInfo(place!).AvailableFreeSpace;
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return long.MaxValue;
        }
    }
}

namespace P2PGrpc.Node.Files;

/// <summary>How much room a disk has left for this user.</summary>
internal static class DiskRoom
{
    // ENOSPC, the quotas of Linux and of macOS, and a full disk of Windows.
    private static readonly int[] LackErrors = [28, 122, 69, unchecked((int)0x80070070)];

    /// <summary>Whether this is how a file can't be made or written for lack of room.</summary>
    public static bool IsLack(Exception fault) => fault is IOException && LackErrors.Contains(fault.HResult);

    /// <summary>Bytes on the disk of a directory.</summary>
    /// <exception cref="IOException">The disk can't be asked.</exception>
    public static long Read(string directory)
    {
        // Windows knows drives only; elsewhere any directory will do.
        var full = Path.GetFullPath(directory);
        return new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(full)! : full).AvailableFreeSpace;
    }

    /// <summary>The same; null where the system does not say.</summary>
    public static long? Find(string directory)
    {
        try
        {
            return Read(directory);
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return null;
        }
    }
}

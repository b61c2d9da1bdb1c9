using System.Security.Cryptography;

namespace P2PGrpc.Node.Files;

/// <summary>A file without meaning that holds room on the disk for the next start: a database can't be opened, not even to be read, without a few pages beside it.</summary>
internal sealed class ReserveFile(string path)
{
    /// <summary>Bytes that are held: several times what the index of a write-ahead log takes that fills a small disk.</summary>
    private const int Length = 512 * 1024;

    /// <summary>How often it is tried again: the disk may have had no room at the start, which took what was held.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMinutes(10);

    /// <summary>Takes the room, if it is not held yet. Where there is none, nothing happens: a file without meaning stops no node.</summary>
    public void Keep()
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: Length })
                return;
            // Random bytes: a file system may keep others in no room at all.
            File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(Length));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            TryRelease();
        }
    }

    /// <summary>Whether the room is held now.</summary>
    public bool IsHeld => new FileInfo(path) is { Exists: true, Length: Length };

    /// <summary>Gives the room back. False if none was held.</summary>
    public bool TryRelease()
    {
        try
        {
            if (!File.Exists(path))
                return false;
            File.Delete(path);
            return true;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}

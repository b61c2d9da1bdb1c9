using System.Security.Cryptography;

namespace P2PGrpc.Node.Files;

/// <summary>A file without meaning that holds room on the disk for the next start: a database can't be opened, not even to be read, without a few pages beside it.</summary>
internal sealed class ReserveFile(string path)
{
    /// <summary>Bytes that are held: several times what the index of a write-ahead log takes that fills a small disk.</summary>
    private const int Length = 512 * 1024;

    /// <summary>Takes the room, if it is not held yet. On a full disk it is tried again at the next start.</summary>
    public void Keep()
    {
        try
        {
            if (new FileInfo(path) is { Exists: true, Length: Length })
                return;
            // Random bytes: a file system may keep others in no room at all.
            File.WriteAllBytes(path, RandomNumberGenerator.GetBytes(Length));
        }
        catch (IOException)
        {
            File.Delete(path);
        }
    }

    /// <summary>Gives the room back. False if none was held.</summary>
    public bool TryRelease()
    {
        if (!File.Exists(path))
            return false;
        File.Delete(path);
        return true;
    }
}

using System.Security.Cryptography;
using System.Text;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Files;

/// <summary>The secret that lets programs on this machine use the TCP client endpoint: a file that only its owner may read.</summary>
internal static class TokenFile
{
    private const int TokenBytes = 32;

    /// <summary>The token in the file; a new one is made if there is none.</summary>
    /// <exception cref="NodeStartException">The file is readable by others, holds no token, or can't be read or made.</exception>
    public static string LoadOrCreate(string path)
    {
        path = Path.GetFullPath(path);
        return Guard(path, () =>
        {
            if (!File.Exists(path))
                Create(path);
            return Load(path);
        });
    }

    /// <summary>Looks at a file that is there.</summary>
    /// <exception cref="NodeStartException">As for <see cref="LoadOrCreate"/>.</exception>
    public static void Check(string path) => Guard(path, () => Load(path));

    private static string Guard(string path, Func<string> load)
    {
        try
        {
            return load();
        }
        catch (IOException full) when (DiskRoom.IsLack(full))
        {
            throw new NodeStartException("DISK_FULL", $"The disk has no room for the token file {path}. Free some space, a megabyte at least, and start again.", full);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new NodeStartException("TOKEN_FILE_DAMAGED", $"The token file {path} can't be read or made: {fault.Message} Check the disk and the file's owner.", fault);
        }
    }

    private static string Load(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & ~(UnixFileMode.UserRead | UnixFileMode.UserWrite)) != 0)
            throw new NodeStartException("TOKEN_FILE_MODE", $"Others may read the token file {path}. Take that from them: chmod 600 {path}");
        var token = File.ReadAllText(path).Trim();
        return token.Length >= Base32.TextLength
            ? token
            : throw new NodeStartException("TOKEN_FILE_DAMAGED", $"The token file {path} holds no token. Delete it; the next start makes a new one.");
    }

    private static void Create(string path)
    {
        var directory = Path.GetDirectoryName(path)!;
        var temporary = $"{path}.{RandomNumberGenerator.GetHexString(16, lowercase: true)}.tmp";
        try
        {
            Write(temporary);
            if (DurableFiles.TryPublish(temporary, path))
                DurableFiles.Sync(directory);
        }
        finally
        {
            // Besides this one, a process that was killed right here may have left files without use.
            foreach (var leftover in Directory.EnumerateFiles(directory, Path.GetFileName(path) + ".*.tmp"))
                File.Delete(leftover);
        }
    }

    private static void Write(string temporary)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(temporary, options);
        file.Write(Encoding.ASCII.GetBytes(Base32.Encode(RandomNumberGenerator.GetBytes(TokenBytes)) + "\n"));
        DurableFiles.Sync(file.SafeFileHandle);
    }
}

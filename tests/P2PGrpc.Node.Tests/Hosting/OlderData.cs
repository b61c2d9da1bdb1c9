using System.Formats.Tar;
using System.IO.Compression;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>Copies of data directories that older versions have left, from testdata/upgrade.</summary>
internal static class OlderData
{
    /// <summary>Unpacks the directories of alice and bob.</summary>
    /// <returns>The folder that holds both.</returns>
    public static async Task<string> UnpackAsync(int schema)
    {
        var folder = Directory.CreateTempSubdirectory("p2pgrpc-").FullName;
        foreach (var name in new[] { "alice", "bob" })
        {
            var directory = Directory.CreateDirectory(Path.Combine(folder, name));
            // A looser mode is refused at the start.
            if (!OperatingSystem.IsWindows())
                directory.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        }

        await using var packed = File.OpenRead(Path.Combine(FindRoot(), "testdata", "upgrade", $"schema-{schema}.tar.gz"));
        await using var unpacked = new GZipStream(packed, CompressionMode.Decompress);
        await TarFile.ExtractToDirectoryAsync(unpacked, folder, overwriteFiles: false);
        return folder;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "P2PGrpc.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("P2PGrpc.sln was not found above " + AppContext.BaseDirectory);
        return folder.FullName;
    }
}

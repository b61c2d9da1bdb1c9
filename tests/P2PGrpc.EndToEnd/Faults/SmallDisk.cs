using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>A file system in memory, of a fixed size, in the place of a node's data directory, and a file that fills it.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private const int Size = 64 * 1024 * 1024;
    private readonly string path;

    private SmallDisk(string path) => this.path = path;

    private string Filler => Path.Combine(path, "filler");

    /// <summary>Mounts one where the node will keep its data; skips the test where that is not allowed.</summary>
    public static async Task<SmallDisk> MountAsync(NodeProcess node)
    {
        Directory.CreateDirectory(node.DataDirectory);
        var result = await Command.RunAsync("mount", ["-t", "tmpfs", "-o", $"size={Size},mode=0700", "tmpfs", node.DataDirectory]);
        Assert.SkipUnless(result.ExitCode == 0, "A tmpfs can't be mounted here: that needs root.");
        return new SmallDisk(node.DataDirectory);
    }

    /// <summary>Takes the space that is left.</summary>
    public void Fill()
    {
        using var file = File.OpenWrite(Filler);
        file.Seek(0, SeekOrigin.End);
        var block = new byte[64 * 1024];
        try
        {
            while (true)
            {
                file.Write(block);
                file.Flush();
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    public void Free() => File.Delete(Filler);

    public async ValueTask DisposeAsync() => await Command.RunAsync("umount", ["-l", path]);
}

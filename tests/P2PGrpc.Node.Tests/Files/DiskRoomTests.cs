using System.Runtime.Versioning;
using P2PGrpc.Node.Files;
using Xunit;

namespace P2PGrpc.Node.Tests.Files;

[UnsupportedOSPlatform("windows")]
public sealed class DiskRoomTests
{
    [Fact]
    public void That_a_disk_is_full_is_told_from_other_errors()
    {
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Assert.True(DiskRoom.IsLack(Assert.ThrowsAny<IOException>(() => full.Write([1]))));
        Assert.False(DiskRoom.IsLack(Assert.ThrowsAny<IOException>(() => File.ReadAllBytes("/nowhere/at/all"))));
    }

    [Fact]
    public void A_file_belongs_to_whoever_made_it()
    {
        var folder = Directory.CreateTempSubdirectory("p2pgrpc-owner-").FullName;
        try
        {
            File.WriteAllText(Path.Combine(folder, "identity.key"), "");
            Assert.Equal(DurableFiles.FindOwner(folder), DurableFiles.FindOwner(Path.Combine(folder, "identity.key")));
            Assert.Empty(DataDirectoryCheck.FindForeign(folder));
            Assert.Null(DurableFiles.FindOwner(Path.Combine(folder, "none")));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}

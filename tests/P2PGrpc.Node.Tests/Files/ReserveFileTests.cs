using P2PGrpc.Node.Files;
using Xunit;

namespace P2PGrpc.Node.Tests.Files;

/// <summary>The room that is held for a start on a full disk: taken again after it was used, and never in a node's way.</summary>
public sealed class ReserveFileTests : IDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("p2pgrpc-reserve-");

    private string FilePath => Path.Combine(directory.FullName, "reserve");

    [Fact]
    public void What_was_released_is_kept_again()
    {
        var reserve = new ReserveFile(FilePath);
        Assert.False(reserve.TryRelease());
        reserve.Keep();
        var length = new FileInfo(FilePath).Length;
        Assert.True(length >= 128 * 1024);
        Assert.True(reserve.TryRelease());
        Assert.False(File.Exists(FilePath));
        reserve.Keep();
        Assert.Equal(length, new FileInfo(FilePath).Length);
    }

    [Fact]
    public void What_was_cut_off_is_made_whole()
    {
        File.WriteAllBytes(FilePath, [1]);
        new ReserveFile(FilePath).Keep();
        Assert.True(new FileInfo(FilePath).Length > 1);
    }

    [Fact]
    public void Where_it_can_not_be_kept_nothing_happens()
    {
        Directory.CreateDirectory(FilePath);
        new ReserveFile(FilePath).Keep();
        Assert.False(new ReserveFile(FilePath).TryRelease());
        new ReserveFile(Path.Combine(directory.FullName, "gone", "reserve")).Keep();
    }

    public void Dispose() => directory.Delete(recursive: true);
}

using System.Diagnostics;
using System.Runtime.Versioning;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

[UnsupportedOSPlatform("windows")]
public sealed class DataDirectoryTests : IDisposable
{
    private readonly DirectoryInfo parent = Directory.CreateTempSubdirectory("p2pgrpc-data-");

    private string Root => Path.Combine(parent.FullName, "node");

    [Fact]
    public void A_new_directory_is_its_owners_alone()
    {
        using var directory = DataDirectory.Open(Root);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Root));
        Assert.Equal(Path.Combine(Root, "p2pgrpc.db"), directory.DatabasePath);
    }

    [Fact]
    public void A_directory_that_others_may_enter_is_refused()
    {
        Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead);
        var refused = Assert.Throws<NodeStartException>(() => DataDirectory.Open(Root));
        Assert.Equal("DIRECTORY_MODE", refused.Reason);
    }

    [Fact]
    public void A_group_that_is_handed_down_lets_nobody_in_and_is_none_of_the_nodes_business()
    {
        Directory.CreateDirectory(Root);
        File.SetUnixFileMode(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.SetGroup);
        DataDirectoryCheck.Examine(Root);
        DataDirectory.Open(Root).Dispose();
        using var identity = IdentityFile.LoadOrCreate(Path.Combine(Root, "identity.key"));
        using var again = IdentityFile.LoadOrCreate(Path.Combine(Root, "identity.key"));
        Assert.Equal(identity.PeerId, again.PeerId);
    }

    [Fact]
    public void A_file_in_its_place_is_refused()
    {
        File.WriteAllText(Root, "");
        Assert.Equal("DIRECTORY_UNUSABLE", Assert.Throws<NodeStartException>(() => DataDirectory.Open(Root)).Reason);
    }

    [Fact]
    public void A_second_holder_is_refused_until_the_first_lets_go_S3()
    {
        using (DataDirectory.Open(Root))
            Assert.Equal("DIRECTORY_IN_USE", Assert.Throws<NodeStartException>(() => DataDirectory.Open(Root)).Reason);
        DataDirectory.Open(Root).Dispose();
    }

    [Fact]
    public async Task Another_process_is_kept_out_and_one_that_is_killed_lets_go_S3()
    {
        DataDirectory.Open(Root).Dispose();
        var lockPath = Path.Combine(Root, "lock");
        using var holder = Process.Start(new ProcessStartInfo("flock", ["--no-fork", lockPath, "sh", "-c", "echo held; exec sleep 60"])
        {
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("held", await holder.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken));
        Assert.Equal("DIRECTORY_IN_USE", Assert.Throws<NodeStartException>(() => DataDirectory.Open(Root)).Reason);
        holder.Kill();
        await holder.WaitForExitAsync(TestContext.Current.CancellationToken);

        using var directory = DataDirectory.Open(Root);
        using var second = Process.Start("flock", ["--nonblock", lockPath, "true"])!;
        await second.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, second.ExitCode);
    }

    public void Dispose() => parent.Delete(recursive: true);
}

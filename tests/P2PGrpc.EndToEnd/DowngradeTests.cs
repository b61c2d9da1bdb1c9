using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>A program that is older than the data directory leaves it as it is, and says what to do.</summary>
public sealed class DowngradeTests
{
    [Fact]
    public async Task A_database_of_a_newer_version_is_refused_in_one_line_and_not_touched()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        await alice.Client.SendAsync("self", "hello");
        await alice.StopAsync();
        var known = Databases.ReadNumber(alice.DatabasePath, "PRAGMA user_version");
        Databases.Execute(alice.DatabasePath, $"PRAGMA user_version = {known + 1}");
        var before = await File.ReadAllBytesAsync(alice.DatabasePath);

        var refused = await Command.P2PGrpcAsync("run", "--listen", alice.ListenAddress, "--data", alice.DataDirectory);

        Assert.Equal(1, refused.ExitCode);
        Assert.Matches(
            $"^p2pgrpc: .*p2pgrpc\\.db was written by a newer version of this program \\(schema {known + 1}, this one knows {known}\\)\\. "
            + "Run that version or a later one\\..*\n$", refused.Error);
        Assert.Equal(before, await File.ReadAllBytesAsync(alice.DatabasePath));

        Databases.Execute(alice.DatabasePath, $"PRAGMA user_version = {known}");
        await alice.StartAsync();
        Assert.Equal(["hello"], (await alice.Client.ReadAllAsync(includeOwn: true)).Texts);
    }
}

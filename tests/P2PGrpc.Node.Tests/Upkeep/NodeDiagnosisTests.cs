using System.Runtime.Versioning;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Upkeep;

/// <summary>What doctor says of a node that does not run: as a start would find things.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class NodeDiagnosisTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("p2pgrpc-doctor-").FullName;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Theory]
    [InlineData("identity.key", null, Severity.Warning, "database", "A start begins empty")]
    [InlineData("identity.key p2pgrpc.db", "", Severity.Warning, "database", "A start begins empty")]
    [InlineData("identity.key p2pgrpc.db-wal", "frames", Severity.Error, "database", "is missing or empty, but its write-ahead log")]
    [InlineData("p2pgrpc.db", "something", Severity.Error, "key", "but not the key of the node that wrote it")]
    [InlineData("identity.key p2pgrpc.db", "no database at all, and as long as a page of one would have to be", Severity.Error, "database", "file is not a database")]
    [InlineData("api.token", "garbage", Severity.Error, "files", "holds no token")]
    public async Task What_a_start_would_meet_is_told(string files, string? content, Severity severity, string check, string detail)
    {
        foreach (var name in files.Split(' '))
            if (Path.Combine(directory, name) is var path && name == "identity.key")
            {
                IdentityFile.LoadOrCreate(path).Dispose();
            }
            else
            {
                await File.WriteAllTextAsync(path, content, Token);
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

        var findings = await DiagnoseAsync(directory, TimeProvider.System);
        Assert.Contains(findings, finding => finding.Severity == severity && finding.Check == check && finding.Detail.Contains(detail, StringComparison.Ordinal));
        Assert.DoesNotContain(findings, finding => finding.Advice.Contains("Use the version", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_clock_is_compared_with_the_newest_messages()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await alice.SendAsync("self", "now");
        await alice.StopAsync();
        Assert.Contains(await DiagnoseAsync(alice.DataDirectory, TimeProvider.System), finding => finding is { Check: "clock", Severity: Severity.Ok } && finding.Detail.EndsWith("is later.", StringComparison.Ordinal));
        var behind = await DiagnoseAsync(alice.DataDirectory, new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddDays(-1)));
        Assert.Contains(behind, finding => finding is { Check: "clock", Severity: Severity.Warning } && finding.Detail.Contains("the clock was set back", StringComparison.Ordinal));
        Assert.Contains(await DiagnoseAsync(directory, TimeProvider.System), finding => finding is { Check: "clock", Severity: Severity.Ok } && finding.Detail.EndsWith("Z.", StringComparison.Ordinal));
    }

    /// <summary>Of which node a database is shows by what peers have acknowledged, by the message_ids that were used, and by whom the messages in it were for.</summary>
    [Theory]
    [InlineData("alice", "bob", true)]
    [InlineData("alice", "carol", true)]
    [InlineData("bob", "carol", true)]
    [InlineData("bob", "bob", false)]
    public async Task A_key_beside_the_database_of_another_is_refused(string database, string key, bool isRefused)
    {
        await using var carol = await RunningNode.StartAsync("carol");
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, bob.PeerText("bob"));
        await bob.AddAsync(alice.PeerText("alice"));
        await alice.SendAsync("bob", "hello", request => request.WaitFor = DeliveryState.Delivered);
        RunningNode[] nodes = [alice, bob, carol];
        foreach (var node in nodes)
            await node.StopAsync();
        var (mixed, other) = (nodes.Single(node => node.Name == database), nodes.Single(node => node.Name == key));
        if (mixed != other)
            File.Copy(Path.Combine(other.DataDirectory, "identity.key"), Path.Combine(mixed.DataDirectory, "identity.key"), overwrite: true);

        Assert.Equal(isRefused, (await DiagnoseAsync(mixed.DataDirectory, TimeProvider.System)).Any(finding => finding is { Check: "key", Severity: Severity.Error }));
        if (isRefused)
            Assert.Equal("DATABASE_OF_ANOTHER", (await Assert.ThrowsAsync<NodeStartException>(() => mixed.StartAgainAsync())).Reason);
        else
            await mixed.StartAgainAsync();
    }

    private static Task<IReadOnlyList<Finding>> DiagnoseAsync(string directory, TimeProvider time) => NodeDiagnosis.RunAsync(directory, [], [], time, Token);
}

using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>What an operator types: back up, lose the disk, restore; look for what is wrong; change options; drain and stop.</summary>
public sealed class UpkeepTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>S3: a node that is restored from an old backup signs nothing twice, and gets back from its peer what it has lost.</summary>
    [Fact]
    public async Task S3_A_node_whose_disk_is_lost_is_restored_from_an_old_backup_and_gets_the_rest_from_its_peer()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var (backup, key, passphrase) = (Path.Combine(nodes.Folder, "backup"), Path.Combine(nodes.Folder, "alice.key"), Path.Combine(nodes.Folder, "passphrase"));
        await File.WriteAllTextAsync(passphrase, "five words that nobody guesses\n", Token);
        await SendAsync(alice, "bob", 0, 5);
        await SendAsync(bob, "alice", 100, 5);
        await SucceedAsync("backup", backup, "--data", alice.DataDirectory);
        await SucceedAsync("key", "export", key, "--data", alice.DataDirectory, "--passphrase-file", passphrase);
        await SendAsync(alice, "bob", 5, 5);
        await SendAsync(bob, "alice", 105, 5);
        await alice.KillAsync();
        Directory.Delete(alice.DataDirectory, recursive: true);

        await SucceedAsync("verify", backup);
        var restored = await SucceedAsync("restore", backup, "--data", alice.DataDirectory, "--key", key, "--passphrase-file", passphrase);
        Assert.Contains("Never run it beside", restored.Output, StringComparison.Ordinal);
        await alice.StartAsync();
        await SendAsync(alice, "bob", 10, 5);

        var own = Enumerable.Range(0, 15).Select(i => $"{i}").ToHashSet(StringComparer.Ordinal);
        var all = own.Concat(Enumerable.Range(100, 10).Select(i => $"{i}")).Order(StringComparer.Ordinal).ToList();
        await Eventually.HoldsAsync("alice has back what bob held", async () =>
            all.SequenceEqual((await alice.Client.ReadAllAsync(includeOwn: true)).Texts.Order(StringComparer.Ordinal)));
        Assert.Equal(own.Order(StringComparer.Ordinal), (await bob.Client.ReadAllAsync()).Texts.Order(StringComparer.Ordinal));
        await SucceedAsync("verify", "--data", alice.DataDirectory);
        await Campaign.StopAndVerifyAsync(alice, bob);
        foreach (var node in new[] { alice, bob }) Assert.Equal(0, Databases.ReadNumber(node.DatabasePath, "SELECT count(*) FROM log WHERE frozen = 1"));
    }

    [Fact]
    public async Task Options_change_by_a_signal_and_a_command_and_a_node_is_drained_and_stopped()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = (nodes.Add("alice"), nodes.Add("bob"));
        var file = Path.Combine(nodes.Folder, "alice.json");
        await File.WriteAllTextAsync(file, "{}", Token);
        foreach (var option in new[] { "--config", file }) alice.Options.Add(option);
        bob.Peers.Add($"alice={alice.ListenAddress}");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());

        await File.WriteAllTextAsync(file, $$"""{ "peers": ["bob={{bob.ListenAddress}}"] }""", Token);
        Signals.Send(alice.ProcessId, Signals.Hangup);
        await Neighbourhood.LinkedAsync(alice, bob);
        Assert.Contains("reload: applied: the peer bob is known", alice.Output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, "{ \"peers\": [\n\"carol=nowhere\"] }", Token);
        var refused = await Command.P2PGrpcAsync("reload", "--data", alice.DataDirectory);
        Assert.Equal(4, refused.ExitCode);
        Assert.Contains("Nothing was changed.", refused.Error, StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, $$"""{ "peers": ["bob={{bob.ListenAddress}}"], "accept": "any", "name": "other", "metrics": "9464", "log": "json" }""", Token);
        var applied = await SucceedAsync("reload", "--data", alice.DataDirectory);
        Assert.Equal("applied: everybody may come in\nneeds a restart: log, metrics\n", applied.Output);

        await SucceedAsync("doctor", "--data", alice.DataDirectory);
        var sent = await alice.Client.SendAsync("bob", "last words", waitFor: DeliveryState.Delivered);
        Assert.Contains("has it on disk", (await SucceedAsync("explain", sent.Reference, "--data", alice.DataDirectory)).Output, StringComparison.Ordinal);
        var drained = await SucceedAsync("drain", "--stop", "--wait", "20s", "--data", alice.DataDirectory);
        Assert.Equal("All messages are delivered. The node is stopping.\n", drained.Output);
        await alice.WaitUntilEndedAsync();
        var doctor = await Command.P2PGrpcAsync("doctor", "--data", alice.DataDirectory, "--listen", bob.ListenAddress);
        Assert.Equal(1, doctor.ExitCode);
        Assert.Matches($"ERROR +listen +{bob.ListenAddress} is taken by ", doctor.Output);
        Assert.Matches("ok +peer +bob answers at", doctor.Output);
    }

    private static async Task<CommandResult> SucceedAsync(params string[] arguments)
    {
        var result = await Command.P2PGrpcAsync(arguments);
        Assert.True(result.ExitCode == 0, $"{string.Join(' ', arguments)}: {result}");
        return result;
    }

    private static async Task SendAsync(NodeProcess from, string to, int first, int count)
    {
        for (var i = first; i < first + count; i++) await from.Client.SendAsync(to, $"{i}", waitFor: DeliveryState.Delivered);
    }
}

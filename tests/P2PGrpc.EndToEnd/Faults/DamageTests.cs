using System.Text;
using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>Bytes flipped or cut while a node is stopped (D6): what is wrong is never served. The node says so, at its start or to whoever reads it.
/// P2PGRPC_DAMAGE_SEED repeats a choice of places.</summary>
public sealed class DamageTests(ITestOutputHelper output)
{
    private const int Messages = 60;
    private static readonly string[] Texts = [.. Enumerable.Range(0, Messages).Select(i => $"message {i} {new string((char)('a' + (i % 26)), 300)}")];

    [Fact]
    public async Task A_byte_flipped_anywhere_in_the_database_is_never_served()
    {
        await using var nodes = new Neighbourhood();
        var (node, intact) = await PrepareAsync(nodes, stopped: true);
        var length = new FileInfo(Path.Combine(intact, "p2pgrpc.db")).Length;
        var random = MakeRandom();
        var outcomes = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var at in LongForm.Choose(Enumerable.Range(0, 120).Select(_ => random.NextInt64(length)), 10))
        {
            Directories.Replace(intact, node.DataDirectory);
            Flip(node.DatabasePath, at);
            var outcome = await JudgeAsync(node, $"a byte flipped at {at} of {length}");
            outcomes[outcome] = outcomes.GetValueOrDefault(outcome) + 1;
        }
        output.WriteLine(string.Join(", ", outcomes.Select(outcome => $"{outcome.Key}: {outcome.Value}")));
    }

    [Fact]
    public async Task A_flipped_body_is_found_by_whoever_reads_it_and_named()
    {
        await using var nodes = new Neighbourhood();
        var (node, _) = await PrepareAsync(nodes, stopped: true);
        Flip(node.DatabasePath, Find(node.DatabasePath, Texts[30]) + 20);

        await node.StartAsync();

        var failed = await Assert.ThrowsAsync<RpcException>(() => node.Client.ReadAllAsync(includeOwn: true));
        Assert.Equal(StatusCode.DataLoss, failed.StatusCode);
        var served = await DamagedFeed.ReadAsync(node.Client);
        Assert.Equal([(31, 31)], served.Damaged);
        Assert.Equal(Texts.Where(text => text != Texts[30]), served.Messages.Select(message => message.Text));
        await Eventually.HoldsAsync("the log names the segment", () => Task.FromResult(node.Output.Contains("damaged", StringComparison.Ordinal)));
        await node.Client.SendAsync("self", "writing goes on");
    }

    [Theory]
    [InlineData("p2pgrpc.db", 0.5)]
    [InlineData("p2pgrpc.db", 0.99)]
    [InlineData("p2pgrpc.db", 0.001)]
    public async Task A_database_that_was_cut_is_never_served_wrong(string file, double part)
    {
        await using var nodes = new Neighbourhood();
        var (node, _) = await PrepareAsync(nodes, stopped: true);
        Cut(Path.Combine(node.DataDirectory, file), part);
        output.WriteLine(await JudgeAsync(node, $"{file} cut to {part:P1}"));
    }

    /// <summary>A file without a byte is what a first start leaves that is killed early: it counts as none, and so as an empty database.</summary>
    [Fact]
    public async Task A_database_that_was_emptied_serves_nothing_and_begins_anew()
    {
        await using var nodes = new Neighbourhood();
        var (node, _) = await PrepareAsync(nodes, stopped: true);
        Cut(node.DatabasePath, 0);

        await node.StartAsync();
        Assert.Empty((await node.Client.ReadAllAsync(includeOwn: true)).Messages);
        await node.Client.SendAsync("self", "anew");

        Assert.Equal(["anew"], (await node.Client.ReadAllAsync(includeOwn: true)).Texts);
    }

    [Fact]
    public async Task A_write_ahead_log_that_was_damaged_after_a_crash_is_never_served_wrong_and_peers_give_back_what_it_lost()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        foreach (var text in Texts) await alice.Client.SendAsync("bob", text, waitFor: DeliveryState.Delivered);
        await alice.KillAsync();
        Flip(alice.DatabasePath + "-wal", new FileInfo(alice.DatabasePath + "-wal").Length / 2);

        await alice.StartAsync();

        Assert.Superset((await alice.Client.ReadAllAsync(includeOwn: true)).Texts.ToHashSet(StringComparer.Ordinal), Texts.ToHashSet(StringComparer.Ordinal));
        await alice.Client.SendAsync("bob", "new", waitFor: DeliveryState.Delivered);
        await Eventually.HoldsAsync("alice has everything again",
            async () => (await alice.Client.ReadAllAsync(includeOwn: true)).Messages.Count == Messages + 1);
        Assert.Equal([.. Texts, "new"], (await bob.Client.ReadAllAsync()).Texts);
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    [Fact]
    public async Task A_write_ahead_log_that_was_cut_after_a_crash_leaves_a_prefix()
    {
        await using var nodes = new Neighbourhood();
        var (node, crashed) = await PrepareAsync(nodes, stopped: false);
        foreach (var part in new[] { 0.9, 0.3, 0.0 })
        {
            Directories.Replace(crashed, node.DataDirectory);
            Cut(node.DatabasePath + "-wal", part);
            await node.StartAsync();
            var texts = (await node.Client.ReadAllAsync(includeOwn: true)).Texts.ToList();
            Assert.Equal(Texts.Take(texts.Count), texts);
            // The log grows evenly: what is left of it holds about its share of the messages.
            Assert.True(texts.Count >= part * Messages / 2, $"of {part:P0} of the log, {texts.Count} messages are left");
            await node.StopAsync();
        }
        await DatabaseVerifier.SkipIfMissingAsync();
        await DatabaseVerifier.VerifyAsync(node);
    }

    /// <summary>SQLite would take the log for a leftover and delete it; what was accepted last may stand in it alone.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_log_without_its_database_is_refused_by_name_and_kept(bool leavesEmptyFile)
    {
        await using var nodes = new Neighbourhood();
        var (node, intact) = await PrepareAsync(nodes, stopped: false);
        var log = node.DatabasePath + "-wal";
        var length = new FileInfo(log).Length;
        Assert.NotEqual(0, length);
        File.Delete(node.DatabasePath);
        if (leavesEmptyFile) await File.WriteAllBytesAsync(node.DatabasePath, [], TestContext.Current.CancellationToken);

        Assert.Equal(1, await node.StartAndExpectRefusalAsync());

        Assert.Contains("write-ahead log " + log, node.Output, StringComparison.Ordinal);
        Assert.Equal(length, new FileInfo(log).Length);
        File.Copy(Path.Combine(intact, "p2pgrpc.db"), node.DatabasePath, overwrite: true);
        await node.StartAsync();
        Assert.Equal(Texts, (await node.Client.ReadAllAsync(includeOwn: true)).Texts);
    }

    [Fact]
    public async Task A_damaged_key_file_is_refused_by_name_and_never_replaced()
    {
        await using var nodes = new Neighbourhood();
        var node = nodes.Add("alice");
        await node.StartAsync();
        await node.StopAsync();
        var path = Path.Combine(node.DataDirectory, "identity.key");
        var good = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        foreach (var at in LongForm.Choose(Enumerable.Range(0, good.Length), good.Length / 3))
        {
            byte[] bad = [.. good];
            bad[at] ^= 1;
            await RefusesAsync(bad);
        }
        await RefusesAsync(good[..^10]);
        await RefusesAsync([]);

        async Task RefusesAsync(byte[] bytes)
        {
            await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
            Assert.Equal(1, await node.StartAndExpectRefusalAsync());
            Assert.Contains("The key file", node.Output, StringComparison.Ordinal);
            Assert.Contains("put back a good copy", node.Output, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(bytes, await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
        }
    }

    /// <summary>A node with notes to itself that has ended, in order or by kill -9, and a copy of its directory.</summary>
    private static async Task<(NodeProcess Node, string Copy)> PrepareAsync(Neighbourhood nodes, bool stopped)
    {
        var node = nodes.Add("alice");
        await node.StartAsync();
        foreach (var text in Texts) await node.Client.SendAsync("self", text);
        if (stopped) await node.StopAsync();
        else await node.KillAsync();
        var copy = Path.Combine(nodes.Folder, "copy");
        Directories.Replace(node.DataDirectory, copy);
        return (node, copy);
    }

    /// <summary>Starts the node: it must refuse with a named reason, or serve what was written, each message at its place, but for those that it names as
    /// damaged. Nothing may be missing without a word, and the node may never crash.</summary>
    private static async Task<string> JudgeAsync(NodeProcess node, string what)
    {
        try
        {
            await node.StartAsync();
        }
        catch (ProcessEndedException)
        {
            Assert.True(node.Output.Contains("p2pgrpc.db", StringComparison.Ordinal) && !node.Output.Contains("Unhandled", StringComparison.Ordinal), $"{what}:\n{node.Output}");
            return "refused to start";
        }
        var served = await DamagedFeed.ReadAsync(node.Client);
        Assert.All(served.Messages, message => Assert.True(Texts[(int)message.Position - 1] == message.Text, $"{what}: at {message.Position} something else was served"));
        Assert.Equal(served.Messages.OrderBy(message => message.Position), served.Messages);
        Assert.True(node.Runs, $"{what}: the node broke down\n{node.Output}");
        var missing = Enumerable.Range(1, Messages).Select(position => (ulong)position).Except(served.Messages.Select(message => message.Position)).ToList();
        var unnamed = missing.Where(position => !served.Names(position)).ToList();
        Assert.True(unnamed.Count == 0 || served.Unavailable, $"{what}: {string.Join(", ", unnamed)} are missing, and nothing was said of them");
        await node.KillAsync();
        return served.Unavailable ? "found on read, the store is not available" : missing.Count == 0 ? "served whole" : "found on read, the rest served";
    }

    private Random MakeRandom()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("P2PGRPC_DAMAGE_SEED") ?? $"{Environment.ProcessId}", null);
        output.WriteLine($"P2PGRPC_DAMAGE_SEED={seed}");
        return new Random(seed);
    }

    private static void Flip(string path, long at)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.Position = at;
        var value = file.ReadByte();
        file.Position = at;
        file.WriteByte((byte)(value ^ 4));
    }

    private static void Cut(string path, double part)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        file.SetLength((long)(file.Length * part));
    }

    private static long Find(string path, string text)
    {
        var at = File.ReadAllBytes(path).AsSpan().IndexOf(Encoding.UTF8.GetBytes(text));
        return at >= 0 ? at : throw new InvalidOperationException("The text is not in the file.");
    }
}

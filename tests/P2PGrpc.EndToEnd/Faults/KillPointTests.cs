using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>kill -9 at exact steps (D1): at each system call by which a first start makes key, token and tables, at those of a start after a crash
/// and of one that brings an older database up to date, and in the midst of a checkpoint. The numbers of the calls are those of one kind in the thread that does the work.</summary>
public sealed class KillPointTests(ITestOutputHelper output)
{
    private const int Accepted = 40;
    private const int KilledBySignal = 137;

    [Fact]
    public async Task Killed_at_any_step_of_its_first_start_a_node_starts_again_as_who_it_was()
    {
        Tracer.SkipIfMissing();
        var points = LongForm.Choose([.. Range("fsync", 1, 14), .. Range("link", 1, 2), .. Range("unlink", 3, 6), .. Range("ftruncate", 2, 5), .. Range("pwrite64", 1, 50)], 6);
        var killed = 0;
        foreach (var point in points)
        {
            await using var nodes = new Neighbourhood();
            var node = nodes.Add("alice");
            if (!await KilledAtAsync(nodes, node, point)) continue;
            killed++;
            var key = Path.Combine(node.DataDirectory, "identity.key");
            var before = File.Exists(key) ? await File.ReadAllTextAsync(key, TestContext.Current.CancellationToken) : null;

            await node.StartAsync();

            var peer = await node.Client.GetPeerIdAsync();
            Assert.True(before is null || before.Contains(peer, StringComparison.Ordinal), $"{point}: another identity after the restart");
            Assert.Empty(Directory.EnumerateFiles(node.DataDirectory, "identity.key.*.tmp"));
            await node.Client.SendAsync("self", "works");
        }
        Assert.True(killed >= 10, $"only {killed} kills happened: the numbers of the calls have changed");
    }

    [Fact]
    public async Task Killed_at_any_step_of_a_start_after_a_crash_a_node_keeps_all_that_it_accepted()
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var node = nodes.Add("alice");
        await AcceptAsync(node);
        await node.KillAsync();
        var points = LongForm.Choose([.. Range("fsync", 1, 5), .. Range("pwrite64", 1, 16), .. Range("ftruncate", 2, 4)], 4);
        await KillStartsAsync(nodes, node, points, atLeast: 4);
    }

    [Fact]
    public async Task Killed_at_any_step_of_a_migration_a_node_keeps_all_that_it_accepted()
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var node = nodes.Add("alice");
        await AcceptAsync(node);
        await node.StopAsync();
        Databases.Execute(node.DatabasePath, "DROP TABLE running_time; UPDATE message_id SET at = 1767225600000; "
            + "DROP TABLE retention; DROP TABLE erased; DROP TABLE spared; DROP TABLE arrival; DROP TABLE author_weight; DROP TABLE address_record; DROP TABLE own_addresses; DROP TABLE invite; DROP TABLE redemption; DROP TABLE read_mark; DROP TABLE room; DROP TABLE heard; CREATE TABLE heard (peer BLOB PRIMARY KEY, instance INTEGER NOT NULL, position INTEGER NOT NULL) WITHOUT ROWID; PRAGMA user_version = 1");
        var points = LongForm.Choose([.. Range("fsync", 1, 5), .. Range("pwrite64", 1, 16), .. Range("ftruncate", 2, 3)], 4);
        await KillStartsAsync(nodes, node, points, atLeast: 4);
        Assert.Equal(4, Databases.ReadNumber(node.DatabasePath, "PRAGMA user_version"));
    }

    [Theory]
    [InlineData("pwrite64", 1, true)]
    [InlineData("pwrite64", 300, false)]
    [InlineData("fsync", 1, true)]
    public async Task Killed_in_the_midst_of_a_checkpoint_a_node_keeps_all_that_it_accepted(string call, int number, bool sender)
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var victim = sender ? alice : bob;
        var load = new LoadGenerator(alice.Client, "bob", "a", tasks: 4) { Padding = new string('.', 100_000) };
        await using (await Tracer.AttachAsync(victim, $"{call}:signal=SIGKILL:when={number}", victim.DatabasePath))
        {
            load.Start();
            await victim.WaitUntilEndedAsync();
        }
        await victim.StartAsync();
        await load.StopAsync();

        var sum = await Campaign.CheckAsync(bob, load);
        output.WriteLine($"{sum}");
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    private static async Task AcceptAsync(NodeProcess node)
    {
        await node.StartAsync();
        for (var i = 0; i < Accepted; i++) await node.Client.SendAsync("self", $"{i}", messageId: $"{i}");
    }

    /// <summary>From the directory as it is now: kills a start at each of the points, and sees that the next one has all, and knows each message's id.</summary>
    private static async Task KillStartsAsync(Neighbourhood nodes, NodeProcess node, IEnumerable<string> points, int atLeast)
    {
        var saved = Path.Combine(nodes.Folder, "saved");
        Directories.Replace(node.DataDirectory, saved);
        var killed = 0;
        foreach (var point in points)
        {
            Directories.Replace(saved, node.DataDirectory);
            if (!await KilledAtAsync(nodes, node, point)) continue;
            killed++;
            await node.StartAsync();
            await node.Client.SendAsync("self", "0", messageId: "0");
            var texts = (await node.Client.ReadAllAsync(includeOwn: true)).Texts;
            Assert.Equal(Enumerable.Range(0, Accepted).Select(i => $"{i}"), texts);
            await node.KillAsync();
        }
        Assert.True(killed >= atLeast, $"only {killed} kills happened: the numbers of the calls have changed");
        await DatabaseVerifier.SkipIfMissingAsync();
        await DatabaseVerifier.VerifyAsync(node);
    }

    private static IEnumerable<string> Range(string call, int first, int last) =>
        Enumerable.Range(first, last - first + 1).Select(number => $"{call}:signal=SIGKILL:when={number}");

    /// <summary>Starts the node under a tracer that kills it. False if it came to run before that.</summary>
    private static async Task<bool> KilledAtAsync(Neighbourhood nodes, NodeProcess node, string point)
    {
        node.Wrapper = Tracer.Wrap(nodes.Folder, point);
        var ended = node.StartAndExpectRefusalAsync();
        var survived = true;
        try
        {
            await node.WaitUntilReadyAsync();
            await node.KillAsync();
        }
        catch (ProcessEndedException)
        {
            survived = false;
        }
        var code = await ended;
        node.Wrapper = [];
        return !survived && code == KilledBySignal;
    }
}

using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>No answer and no acknowledgement before the flush to disk that covers it (D2), and what happens where flushing fails (D3, D4, S3).
/// The disk's faults come from strace.</summary>
public sealed class FlushTests
{
    private const string Flushes = "fsync,fdatasync";

    [Fact]
    public async Task The_answer_to_Send_is_written_after_the_flush_of_the_write_ahead_log_returned()
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, _) = await nodes.StartPairAsync();
        await using var tracer = await Tracer.AttachAsync(alice, "fsync,fdatasync,pwrite64,sendmsg,sendto,write,writev");

        var answer = await alice.Client.SendAsync("bob", "where-is-this-written");
        var lines = await tracer.DetachAsync();

        var written = IndexOf(lines, line => line.Contains("pwrite64", StringComparison.Ordinal) && line.Contains("where-is-this-written", StringComparison.Ordinal));
        var flushed = written + 1 + IndexOf(lines.Skip(written + 1).ToList(), FlushOfWal(lines, written));
        var answered = IndexOf(lines, line => line.Contains("api.sock", StringComparison.Ordinal) && line.Contains(answer.Reference.Split('/')[0], StringComparison.Ordinal));
        Assert.True(written < flushed && flushed < answered, $"written at {written}, flushed at {flushed}, answered at {answered}");
    }

    [Fact]
    public async Task Neither_side_says_that_it_has_a_message_while_its_disk_is_slow()
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await alice.Client.SendAsync("bob", "before", waitFor: DeliveryState.Delivered);
        var flush = TimeSpan.FromSeconds(1.5);
        var slow = $"{Flushes}:delay_enter={flush.TotalMicroseconds:0}";

        await using (await Tracer.AttachAsync(alice, slow))
            Assert.True(await TimeAsync(alice, DeliveryState.Accepted) >= flush, "alice said ACCEPTED before her disk did");
        await using (await Tracer.AttachAsync(bob, slow))
            Assert.True(await TimeAsync(alice, DeliveryState.Delivered) >= flush, "bob acknowledged before his disk did");
    }

    [Fact]
    public async Task After_one_failed_flush_the_outcome_is_unknown_and_a_retry_gives_one_message()
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await alice.Client.SendAsync("bob", "m:0", messageId: "m:0", waitFor: DeliveryState.Delivered);
        await using (await Tracer.AttachAsync(alice, $"{Flushes}:error=EIO:when=1"))
        {
            var failed = await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("bob", "m:1", messageId: "m:1"));
            Assert.Equal(StatusCode.Unavailable, failed.StatusCode);
            Assert.Contains("unknown", failed.Status.Detail, StringComparison.Ordinal);
            await Eventually.HoldsAsync("a retry is accepted", async () => (await alice.Client.SendAsync("bob", "m:1", messageId: "m:1")).State == DeliveryState.Accepted);
        }
        await alice.KillAsync();
        await alice.StartAsync();
        await alice.Client.SendAsync("bob", "m:1", messageId: "m:1");
        await alice.Client.SendAsync("bob", "m:2", waitFor: DeliveryState.Delivered);

        Assert.Equal(["m:0", "m:1", "m:2"], (await bob.Client.ReadAllAsync()).Texts);
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    [Fact]
    public async Task While_flushing_always_fails_nothing_is_accepted_reading_goes_on_and_afterwards_all_is_there()
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await alice.Client.SendAsync("bob", "m:0", waitFor: DeliveryState.Delivered);
        await using (await Tracer.AttachAsync(alice, $"{Flushes}:error=EIO"))
        {
            for (var i = 0; i < 5; i++)
            {
                var failed = await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("bob", "m:1", messageId: "m:1"));
                Assert.Equal(StatusCode.Unavailable, failed.StatusCode);
            }
            Assert.Contains("stopped writing", (await alice.Client.Node.GetNodeAsync(new GetNodeRequest())).StoreError, StringComparison.Ordinal);
            Assert.Equal(["m:0"], (await alice.Client.ReadAllAsync(includeOwn: true)).Texts);
            Assert.Equal(["m:0"], (await bob.Client.ReadAllAsync()).Texts);
            await alice.KillAsync();
        }
        await alice.StartAsync();
        await alice.Client.SendAsync("bob", "m:1", messageId: "m:1", waitFor: DeliveryState.Delivered);

        Assert.Equal(["m:0", "m:1"], (await bob.Client.ReadAllAsync()).Texts);
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    [Fact]
    public async Task When_flushing_works_again_the_node_writes_again_without_a_restart()
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await using (await Tracer.AttachAsync(alice, $"{Flushes}:error=EIO"))
            await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("bob", "m:0", messageId: "m:0"));

        await Eventually.HoldsAsync("alice writes again",
            async () => (await alice.Client.SendAsync("bob", "m:0", messageId: "m:0", DeliveryState.Delivered)).State == DeliveryState.Delivered, TimeSpan.FromSeconds(10));

        Assert.Equal("", (await alice.Client.Node.GetNodeAsync(new GetNodeRequest())).StoreError);
        Assert.Equal(["m:0"], (await bob.Client.ReadAllAsync()).Texts);
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Under_load_flushes_that_fail_now_and_then_lose_double_and_fork_nothing(bool atSender)
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        var load = new LoadGenerator(alice.Client, "bob", "a", tasks: 4);
        var enough = 500;
        var faulty = atSender ? alice : bob;
        await using (await Tracer.AttachAsync(faulty, $"{Flushes}:error=EIO:when=7+23"))
        {
            load.Start();
            await Eventually.HoldsAsync($"{enough} messages are accepted", () => Task.FromResult(load.Accepted.Count >= enough), TimeSpan.FromSeconds(60));
            await load.StopAsync();
        }

        // Without a flush that failed, the campaign would show nothing.
        Assert.Contains("A write failed and its outcome is unknown", faulty.Output, StringComparison.Ordinal);
        await Campaign.CheckAsync(bob, load);
        await Campaign.StopAndVerifyAsync(alice, bob);
    }

    private static async Task<TimeSpan> TimeAsync(NodeProcess node, DeliveryState state)
    {
        var started = TimeProvider.System.GetTimestamp();
        var answer = await node.Client.SendAsync("bob", $"{state}", waitFor: state);
        Assert.Equal(state, answer.State);
        return TimeProvider.System.GetElapsedTime(started);
    }

    // A call that another thread's call interrupts in the record ends in a line of its own.
    private static Func<string, bool> FlushOfWal(IReadOnlyList<string> lines, int after)
    {
        var begun = lines.Skip(after + 1).First(line => line.Contains("sync(", StringComparison.Ordinal) && line.Contains("p2pgrpc.db-wal", StringComparison.Ordinal));
        return begun.Contains("unfinished", StringComparison.Ordinal)
            ? line => line.StartsWith(begun.Split(' ')[0], StringComparison.Ordinal) && line.Contains("sync resumed", StringComparison.Ordinal)
            : line => line == begun;
    }

    private static int IndexOf(IReadOnlyList<string> lines, Func<string, bool> wanted)
    {
        for (var index = 0; index < lines.Count; index++)
        {
            if (wanted(lines[index])) return index;
        }
        throw new InvalidOperationException($"None of the {lines.Count} lines of the record is it.");
    }
}

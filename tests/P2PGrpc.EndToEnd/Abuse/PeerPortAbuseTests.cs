using System.Globalization;
using P2PGrpc.Core.Identity;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>V1, V2, L3, A2: whoever abuses the port for other nodes, the node lives, stays small and quiet, and its honest peers hardly notice.</summary>
[Collection(Alone.Name)]
public sealed class PeerPortAbuseTests(HonestPair pair) : IClassFixture<HonestPair>
{
    /// <summary>Lines that a node may write in an attack of some seconds: one of each kind every ten seconds, and the links that come and go.</summary>
    private const int MostLines = 12;

    /// <summary>The same where a stranger attacks, for whom no link comes and goes.</summary>
    private const int MostLinesOfStrangers = 4;

    [Theory]
    [InlineData(nameof(ConnectionAttacks.RapidResetAsync))]
    [InlineData(nameof(ConnectionAttacks.ContinuationFloodAsync))]
    [InlineData(nameof(ConnectionAttacks.PingFloodAsync))]
    [InlineData(nameof(ConnectionAttacks.UnreadPingFloodAsync))]
    [InlineData(nameof(ConnectionAttacks.SettingsFloodAsync))]
    [InlineData(nameof(ConnectionAttacks.EmptyDataFloodAsync))]
    [InlineData(nameof(ConnectionAttacks.SlowHeadersAsync))]
    [InlineData(nameof(ConnectionAttacks.HandshakeFloodAsync))]
    [InlineData(nameof(ConnectionAttacks.WholeHandshakeFloodAsync))]
    [InlineData(nameof(ConnectionAttacks.SilentLinksAsync))]
    [InlineData(nameof(ConnectionAttacks.ZeroWindowAsync))]
    [InlineData(nameof(MessageAttacks.OversizeAsync))]
    [InlineData(nameof(MessageAttacks.DeepNestingAsync))]
    [InlineData(nameof(MessageAttacks.TinyChildrenAsync))]
    [InlineData(nameof(MessageAttacks.GzipBombAsync))]
    [InlineData(nameof(MessageAttacks.UnknownFieldsAsync))]
    [InlineData(nameof(MemberAttacks.ThousandStrangersAsync))]
    public Task A_stranger_harms_nobody(string attack) => AttackAsync(attack, pair.Stranger, (attacker, stop) => attack switch
    {
        nameof(ConnectionAttacks.RapidResetAsync) => ConnectionAttacks.RapidResetAsync(attacker, stop),
        nameof(ConnectionAttacks.ContinuationFloodAsync) => ConnectionAttacks.ContinuationFloodAsync(attacker, stop),
        nameof(ConnectionAttacks.PingFloodAsync) => ConnectionAttacks.PingFloodAsync(attacker, stop),
        nameof(ConnectionAttacks.UnreadPingFloodAsync) => ConnectionAttacks.UnreadPingFloodAsync(attacker, stop),
        nameof(ConnectionAttacks.SettingsFloodAsync) => ConnectionAttacks.SettingsFloodAsync(attacker, stop),
        nameof(ConnectionAttacks.EmptyDataFloodAsync) => ConnectionAttacks.EmptyDataFloodAsync(attacker, stop),
        nameof(ConnectionAttacks.SlowHeadersAsync) => ConnectionAttacks.SlowHeadersAsync(attacker, stop),
        nameof(ConnectionAttacks.HandshakeFloodAsync) => ConnectionAttacks.HandshakeFloodAsync(attacker, stop),
        nameof(ConnectionAttacks.WholeHandshakeFloodAsync) => ConnectionAttacks.WholeHandshakeFloodAsync(attacker, stop),
        nameof(ConnectionAttacks.SilentLinksAsync) => ConnectionAttacks.SilentLinksAsync(attacker, stop),
        nameof(ConnectionAttacks.ZeroWindowAsync) => ConnectionAttacks.ZeroWindowAsync(attacker, stop),
        nameof(MessageAttacks.OversizeAsync) => MessageAttacks.OversizeAsync(attacker, stop),
        nameof(MessageAttacks.DeepNestingAsync) => MessageAttacks.DeepNestingAsync(attacker, stop),
        nameof(MessageAttacks.TinyChildrenAsync) => MessageAttacks.TinyChildrenAsync(attacker, stop),
        nameof(MessageAttacks.GzipBombAsync) => MessageAttacks.GzipBombAsync(attacker, stop),
        nameof(MessageAttacks.UnknownFieldsAsync) => MessageAttacks.UnknownFieldsAsync(attacker, stop),
        _ => MemberAttacks.ThousandStrangersAsync(attacker, stop),
    });

    [Theory]
    [InlineData(nameof(MessageAttacks.MutatedFramesAsync))]
    [InlineData(nameof(MemberAttacks.AbsurdCursorsAsync))]
    [InlineData(nameof(MemberAttacks.CreditOverrunAsync))]
    [InlineData(nameof(MemberAttacks.EquivocationAsync))]
    [InlineData(nameof(MemberAttacks.FloodAsync))]
    [InlineData(nameof(MemberAttacks.RejoiningAsync))]
    public Task A_member_harms_nobody(string attack) => AttackAsync(attack, pair.Mallory, (attacker, stop) =>
    {
        var ids = new PeerIds(pair.AliceId);
        return attack switch
        {
            nameof(MessageAttacks.MutatedFramesAsync) => MessageAttacks.MutatedFramesAsync(attacker, ids, stop),
            nameof(MemberAttacks.AbsurdCursorsAsync) => MemberAttacks.AbsurdCursorsAsync(attacker, ids, stop),
            nameof(MemberAttacks.CreditOverrunAsync) => MemberAttacks.CreditOverrunAsync(attacker, ids, stop),
            nameof(MemberAttacks.EquivocationAsync) => MemberAttacks.EquivocationAsync(attacker, ids, stop),
            nameof(MemberAttacks.FloodAsync) => MemberAttacks.FloodAsync(attacker, ids, stop),
            _ => MemberAttacks.RejoiningAsync(attacker, stop),
        };
    });

    [Theory]
    [InlineData(nameof(LogAttacks.ManyLogsAsync))]
    [InlineData(nameof(LogAttacks.ProofsAloneAsync))]
    public Task A_member_with_many_logs_harms_nobody(string attack) => AttackAsync(attack, pair.Hoarder, (attacker, stop) =>
    {
        var ids = new PeerIds(pair.AliceId);
        return attack == nameof(LogAttacks.ManyLogsAsync) ? LogAttacks.ManyLogsAsync(attacker, ids, stop) : LogAttacks.ProofsAloneAsync(attacker, ids, stop);
    });

    [Fact]
    public Task A_member_that_floods_adds_less_than_100_ms_to_the_others_median() => FloodTrial.RunAsync(
        pair, () => new Attacker(pair.Alice, pair.Mallory), (attacker, stop) => MemberAttacks.FloodAsync(attacker, new PeerIds(pair.AliceId), stop));

    /// <summary>A1: a Hello proves something on its own connection only, and only in its own role.</summary>
    [Fact]
    public async Task A_Hello_that_is_replayed_or_reflected_lets_nobody_in()
    {
        var token = TestContext.Current.CancellationToken;
        using var attacker = new Attacker(pair.Alice, pair.Mallory);
        await using var genuine = await attacker.OpenAsync(token);
        var hello = await genuine.MakeHelloAsync(default, token);
        await genuine.SayAsync(hello, token);
        var answer = await genuine.HearAsync(token);
        Assert.Equal(Frame.KindOneofCase.Hello, answer?.KindCase);

        foreach (var stolen in new[] { hello, answer! })
        {
            await using var second = await attacker.OpenAsync(token);
            _ = await second.HearAsync(token);
            await second.SayAsync(stolen, token);
            Assert.NotEqual(Frame.KindOneofCase.Hello, (await second.HearAsync(token))?.KindCase);
        }
    }

    /// <summary>S4: who signs two segments for one place leaves a proof, and its log is frozen.</summary>
    [Fact]
    public async Task An_author_who_signs_two_things_for_one_place_is_found_out()
    {
        var token = TestContext.Current.CancellationToken;
        // A pair of its own: notices about forks are bounded, and other tests cause some.
        await using var own = new HonestPair();
        await own.InitializeAsync();
        using var watch = own.Alice.Client.Node.WatchEvents(new WatchEventsRequest(), deadline: NodeClient.In(Eventually.Generous));
        using var attacker = new Attacker(own.Alice, own.Mallory);
        await using var link = await attacker.JoinAsync(token);
        var segments = new SegmentFactory(own.Mallory, own.AliceId);
        var one = segments.Next(10);
        var two = segments.Make(segments.Log.ToLogId().Empty, "something else");
        await link.SayAsync(segments.Have(one), token);
        Assert.NotNull(await link.HearAsync(Frame.KindOneofCase.Want, token));
        await link.SayAsync(SegmentFactory.Write(one), token);
        await link.SayAsync(SegmentFactory.Write(two), token);

        while (await watch.ResponseStream.MoveNext(token) && watch.ResponseStream.Current.EventCase != WatchEventsResponse.EventOneofCase.Notice)
            continue;
        Assert.Contains(own.Mallory.PeerId.ToString(), watch.ResponseStream.Current.ToString(), StringComparison.Ordinal);
        var held = await own.Alice.Client.ReadAllAsync();
        Assert.Contains(held.Messages, message => message.Text == new string('m', 10));
        Assert.DoesNotContain(held.Messages, message => message.Text == "something else");
    }

    private async Task AttackAsync(string name, IdentityKey key, Func<Attacker, CancellationToken, Task> attack)
    {
        var known = (await pair.Alice.Client.ListPeersAsync()).Count(peer => peer.Admission == Admission.Known);
        var watch = new ProcessWatch(pair.Alice);
        using var attacker = new Attacker(pair.Alice, key);
        var honest = await HonestTraffic.MeasureAsync(pair, stop => attack(attacker, stop));

        var verdict = string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {attacker.Done} done; alice took {watch.PeakMemory} MiB at most and wrote {watch.Lines} lines; {honest.Messages} honest messages, p50 {honest.Median.TotalMilliseconds:0} ms, p99 {honest.Percentile99.TotalMilliseconds:0} ms");
        TestContext.Current.TestOutputHelper?.WriteLine(verdict);
        Assert.True(pair.Alice.Runs, "The node has ended.");
        Assert.True(attacker.Done > 0, $"The attack did nothing. {verdict}");
        Assert.True(watch.PeakMemory < AbuseLimits.Memory, verdict);
        Assert.True(honest.Percentile99 < AbuseLimits.Latency, verdict);
        Assert.True(watch.Lines <= (key == pair.Stranger ? MostLinesOfStrangers : MostLines), $"{verdict}\n{pair.Alice.Output[^Math.Min(4000, pair.Alice.Output.Length)..]}");
        Assert.Equal(known, (await pair.Alice.Client.ListPeersAsync()).Count(peer => peer.Admission == Admission.Known));
        await Eventually.HoldsAsync("the attack's connections are gone", () => Task.FromResult(watch.CountFiles() <= watch.FilesBefore + 20));
    }
}

using System.Net;
using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>What whoever keeps a node running asks of it: where a message is, what is wrong, take no more, read your options anew.</summary>
public sealed class UpkeepTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_message_is_explained_from_waiting_to_delivered()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, bob.PeerText("bob"));
        await bob.AddAsync(alice.PeerText("alice"));
        await alice.WaitForLinkAsync("bob");
        await bob.StopAsync();
        var sent = await alice.SendAsync("bob", "are you there?", request => request.MessageId = "question");
        await RunningNode.WaitUntilAsync(async () => Assert.Single((await ExplainAsync(alice, sent.Reference)).Recipients).Failures > 0, "alice has tried");

        var waiting = await ExplainAsync(alice, "question");
        var recipient = Assert.Single(waiting.Recipients);
        Assert.Equal((sent.Reference, "self", "bob", 1ul, BodyState.Held, "question"), (waiting.Reference, waiting.Alias, waiting.Peer, waiting.Position, waiting.Body, waiting.MessageId));
        Assert.Equal(("bob", Acknowledgement.NotGiven, false, false), (recipient.Alias, recipient.Acknowledgement, recipient.Linked, waiting.HeldElsewhere));
        Assert.True(recipient.HasTriedBeforeMs && recipient.HasNextInMs && recipient.LastError.Length > 0);

        await bob.StartAgainAsync();
        await RunningNode.WaitUntilAsync(async () => (await ExplainAsync(alice, "question")).HeldElsewhere, "bob has acknowledged it");
        Assert.Equal(Acknowledgement.Given, Assert.Single((await ExplainAsync(alice, "question")).Recipients).Acknowledgement);
        // There it is one of alice's.
        var there = await ExplainAsync(bob, sent.Reference);
        Assert.Equal(("alice", BodyState.Held, true), (there.Alias, there.Body, there.HeldElsewhere));
    }

    [Fact]
    public async Task In_a_room_it_is_told_which_linked_members_have_it()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        var ticket = (await alice.Runtime.RoomAdministration.CreateAsync("friends", Token)).Ticket;
        await bob.Runtime.RoomAdministration.JoinAsync(ticket, "", Token);
        var sent = await alice.SendAsync("#friends", "hello, all");
        await RunningNode.WaitUntilAsync(
            async () => (await ExplainAsync(alice, sent.Reference)).Recipients.Any(recipient => recipient.PeerId == bob.Id && recipient.Acknowledgement == Acknowledgement.Given),
            "bob is known to have it");
        var explained = await ExplainAsync(alice, sent.Reference);
        Assert.Equal(("#friends", "", true), (explained.Room, explained.Peer, explained.HeldElsewhere));
    }

    [Theory]
    [InlineData("", StatusCode.InvalidArgument)]
    [InlineData("never-used", StatusCode.NotFound)]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/7", StatusCode.NotFound)]
    public async Task What_is_no_message_here_is_told(string message, StatusCode status)
    {
        await using var alice = await RunningNode.StartAsync("alice");
        Assert.Equal(status, (await Assert.ThrowsAsync<NodeRequestException>(() => ExplainAsync(alice, message))).Status);
    }

    [Fact]
    public async Task A_node_that_is_drained_takes_nothing_and_hands_over_what_it_has()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, bob.PeerText("bob"));
        await RunningNode.WaitUntilAsync(() => alice.Find("bob")?.PeerId.Length > 0, "alice knows who bob is");
        await alice.SendAsync("bob", "before");
        var left = await DrainAsync(alice, new DrainRequest());
        Assert.Equal((true, 1ul, "bob", 1ul), (left.Draining, left.Undelivered, Assert.Single(left.Peers).Alias, left.Peers[0].Undelivered));
        Assert.Equal(("DRAINING", StatusCode.Unavailable), await RefusalAsync(() => alice.SendAsync("bob", "after")));
        Assert.Equal(("DRAINING", StatusCode.Unavailable), await RefusalAsync(() => alice.SendAsync("bob", "after", request => request.Ephemeral = true)));

        var waiting = DrainAsync(alice, new DrainRequest { WaitMs = 20_000 });
        await bob.AddAsync(alice.PeerText("alice"));
        var done = await waiting;
        Assert.Equal((true, 0ul, 0), (done.Draining, done.Undelivered, done.Peers.Count));
        Assert.Equal("before", Assert.Single(await bob.ReceiveAsync(1)).Entry.Content.Text);

        Assert.False((await DrainAsync(alice, new DrainRequest { Off = true })).Draining);
        await alice.SendAsync("bob", "again");
        Assert.Equal(("STOP_NOT_HERE", StatusCode.FailedPrecondition), await RefusalAsync(() => DrainAsync(alice, new DrainRequest { Stop = true })));
        Assert.Equal(("INVALID_FIELD", StatusCode.InvalidArgument), await RefusalAsync(() => DrainAsync(alice, new DrainRequest { WaitMs = 3_600_000 })));
    }

    /// <summary>L1: who hears that all is delivered takes the node away.</summary>
    [Fact]
    public async Task A_drain_waits_for_messages_that_are_just_being_taken_L1()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        using var gate = new BlockingOperation();
        var blocked = alice.Runtime.Store.WriteAsync(gate, Token);
        gate.WaitUntilReached();
        var sending = alice.SendAsync("self", "late");
        var meanwhile = await DrainAsync(alice, new DrainRequest());
        Assert.Equal((true, 1u, 0ul), (meanwhile.Draining, meanwhile.UnderWay, meanwhile.Undelivered));

        var waiting = DrainAsync(alice, new DrainRequest { WaitMs = 20_000 });
        Assert.False(waiting.IsCompleted);
        gate.Open();
        await blocked;
        await sending;
        Assert.Equal(0u, (await waiting).UnderWay);
        Assert.Equal("DRAINING", (await RefusalAsync(() => alice.SendAsync("self", "after"))).Reason);
        Assert.Equal(0u, (await DrainAsync(alice, new DrainRequest())).UnderWay);
    }

    /// <summary>A part of the database that can't be read takes away no other answer.</summary>
    [Fact]
    public async Task A_node_whose_database_can_t_be_read_still_says_how_it_fares()
    {
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, "bob=127.0.0.1:9");
        await alice.AddAsync($"bob={(alice.Id[0] == 'a' ? 'b' : 'a')}{alice.Id[1..]}@127.0.0.1:9");
        await alice.SendAsync("bob", "for when you come");
        using (var connection = StoreConnection.OpenWriter(Path.Combine(alice.DataDirectory, DataFiles.Database)))
            connection.Execute("ALTER TABLE segment RENAME TO gone");

        var node = new GetNodeResponse { Undelivered = 1 };
        alice.Runtime.Upkeep.Glance.Add(node);
        Assert.Equal((1ul, 0ul), ((ulong)node.Peers, node.OldestUndeliveredMs));
        var findings = await alice.Runtime.Upkeep.Diagnosis.RunAsync(Token);
        Assert.Equal(Severity.Error, Assert.Single(findings, finding => finding.Check == "database").Severity);
        Assert.Contains(findings, finding => finding.Check == "listen");
    }

    [Fact]
    public async Task Options_are_applied_while_the_node_runs()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice");
        Assert.Empty((await ReloadAsync(alice, _ => { })).Applied);

        var answer = await ReloadAsync(alice, options =>
        {
            options.Peers.Add(bob.PeerText("bob"));
            options.Accept = AdmissionPolicy.Any;
            options.KeepDays = 7;
            options.QuotaAuthor = 1L << 24;
            options.Name = "renamed";
            options.Discover = "lan";
        });
        Assert.Equal(4, answer.Applied.Count);
        Assert.Equal(["name", "discover"], answer.NeedsRestart);
        Assert.Equal(7, alice.Runtime.Retention.Settings.Node.Days);
        // Everybody may come in, so bob's owner need not know alice for her to be let in by him, nor she him.
        await bob.AddAsync(alice.PeerText("alice"));
        await bob.WaitForLinkAsync("alice");

        var back = await ReloadAsync(alice, _ => { });
        Assert.Contains(back.Hints, hint => hint.Contains("p2pgrpc peers remove bob", StringComparison.Ordinal));
        Assert.Equal(3, back.Applied.Count);
        Assert.NotNull(alice.Find("bob"));
    }

    /// <summary>A wrong address would be dialled for ever, and whoever answers there be taken for the peer with another identity.</summary>
    [Fact]
    public async Task An_address_that_the_options_name_no_more_is_forgotten_unless_somebody_else_named_it()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice");
        var (right, wrong) = ($"bob={bob.Id}@127.0.0.1:{bob.Port}", $"bob={bob.Id}@127.0.0.1:9");
        await ReloadAsync(alice, options => options.Peers.Add(wrong));
        Assert.Equal(["127.0.0.1:9"], alice.Find("bob")!.Addresses);
        var answer = await ReloadAsync(alice, options => options.Peers.Add(right));
        Assert.Contains("the peer bob is not dialled at 127.0.0.1:9 any more", answer.Applied);
        Assert.Equal([$"127.0.0.1:{bob.Port}"], alice.Find("bob")!.Addresses);

        // At a start, too; and what the owner has added by hand stays.
        await alice.AddAsync("bob=127.0.0.1:8");
        await alice.StopAsync();
        await alice.StartAgainAsync(AdmissionPolicy.Known, wrong, "carol=127.0.0.1:6");
        Assert.Equal(["127.0.0.1:9", "127.0.0.1:8"], alice.Find("bob")!.Addresses);
        // One of whom nothing but the address is known.
        await alice.StopAsync();
        await alice.StartAgainAsync(AdmissionPolicy.Known, right, "carol=127.0.0.1:7");
        Assert.Equal(["127.0.0.1:7"], alice.Find("carol")!.Addresses);
        // Who is named no more stays known, as it was.
        await alice.StopAsync();
        await alice.StartAgainAsync();
        Assert.Equal(2, alice.Find("bob")!.Addresses.Count);
    }

    [Fact]
    public async Task A_reload_whose_caller_gives_up_half_way_is_in_force_as_a_whole()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        Action<NodeOptions> change = options => (options.Accept, options.KeepDays, options.QuotaAuthor) = (AdmissionPolicy.Any, 7, 1L << 24);
        using var gate = new BlockingOperation();
        var blocked = alice.Runtime.Store.WriteAsync(gate, Token);
        gate.WaitUntilReached();
        // What the node keeps is changed after what a conversation keeps, and that waits for the store.
        var retention = alice.Runtime.Retention.SetAsync(alice.Runtime.Recipients.ResolveKnown("self"), new RetentionLimits(1, null), Token);
        using var caller = new CancellationTokenSource();
        // Admission and quotas are in force when this returns.
        var reload = ReloadAsync(alice, change, caller.Token);
        Assert.False(reload.IsCompleted);
        await caller.CancelAsync();
        gate.Open();
        await Task.WhenAll(blocked, retention);

        Assert.Equal(3, (await reload).Applied.Count);
        Assert.Equal(7, alice.Runtime.Retention.Settings.Node.Days);
        Assert.Empty((await ReloadAsync(alice, change)).Applied);
    }

    [Fact]
    public async Task A_reload_names_what_the_program_around_the_node_takes_up_only_when_it_starts()
    {
        await using var alice = await RunningNode.StartAsync(
            "alice", settings => settings with { ProgramSettings = new Dictionary<string, string> { ["metrics"] = "off", ["log"] = "text" } });
        Assert.Empty((await ReloadAsync(alice, options => (options.ProgramSettings["metrics"], options.ProgramSettings["log"]) = ("off", "text"))).NeedsRestart);
        Action<NodeOptions> change = options => (options.Name, options.ProgramSettings["metrics"], options.ProgramSettings["log"]) = ("renamed", "127.0.0.1:9464", "json");
        Assert.Equal(["name", "log", "metrics"], (await ReloadAsync(alice, change)).NeedsRestart);
        // Said until it is done.
        Assert.Equal(["name", "log", "metrics"], (await ReloadAsync(alice, change)).NeedsRestart);
    }

    [Fact]
    public async Task Options_that_are_wrong_change_nothing()
    {
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, "bob=127.0.0.1:9");
        Action<NodeOptions>[] wrong =
        [
            options => options.Peers.Add("carol=nowhere"),
            options => options.Peers.Add($"carol={alice.Id}@127.0.0.1:7"),
            options => options.KeepDays = -1,
            options => options.QuotaRoom = 5,
        ];
        foreach (var change in wrong)
            Assert.Equal(
                ("OPTIONS_INVALID", StatusCode.FailedPrecondition),
                await RefusalAsync(() => ReloadAsync(alice, options =>
                {
                    options.Peers.Add("bob=127.0.0.1:9");
                    options.Peers.Add("dave=127.0.0.1:8");
                    options.Accept = AdmissionPolicy.Any;
                    change(options);
                })));
        Assert.Null(alice.Find("dave"));
        Assert.Equal(2, (await ReloadAsync(alice, options =>
        {
            options.Peers.Add("bob=127.0.0.1:9");
            options.Peers.Add("dave=127.0.0.1:8");
            options.Accept = AdmissionPolicy.Any;
        })).Applied.Count);
    }

    [Fact]
    public async Task A_diagnosis_names_each_peer_that_cannot_be_reached_and_why()
    {
        await using var bob = await RunningNode.StartAsync("bob");
        await using var alice = await RunningNode.StartAsync("alice", AdmissionPolicy.Known, bob.PeerText("bob"));
        await bob.AddAsync(alice.PeerText("alice"));
        await alice.WaitForLinkAsync("bob");
        var stranger = bob.Id[..^1] + (bob.Id[^1] == 'a' ? 'q' : 'a');
        await alice.AddAsync($"closed={stranger}@127.0.0.1:9");
        await alice.AddAsync($"dials={(stranger[0] == 'a' ? 'b' : 'a') + stranger[1..]}");
        var findings = await alice.Runtime.Upkeep.Diagnosis.RunAsync(Token);

        Assert.Contains(findings, finding => finding is { Check: "links", Severity: Severity.Ok, Detail: "1 of 3 peers are linked." });
        Assert.Contains(findings, finding => finding is { Check: "listen", Severity: Severity.Ok });
        var closed = Assert.Single(findings, finding => finding is { Check: "peer", Severity: Severity.Error });
        Assert.StartsWith("closed can't be reached:", closed.Detail, StringComparison.Ordinal);
        Assert.NotEqual("", closed.Advice);
        Assert.Single(findings, finding => finding is { Check: "peer", Severity: Severity.Warning } && finding.Detail.Contains("it has to dial", StringComparison.Ordinal));
        foreach (var check in new[] { "files", "disk", "database", "clock", "undelivered" })
            Assert.Contains(findings, finding => finding.Check == check && finding.Severity != Severity.Error);
    }

    [Fact]
    public async Task A_diagnosis_looks_whether_somebody_listens_at_each_endpoint_that_is_on()
    {
        var free = new IPEndPoint(IPAddress.Loopback, 0);
        await using var alice = await RunningNode.StartAsync("alice", settings => settings with
        {
            Web = free,
            Health = free,
            ProgramEndpoints = new Dictionary<string, string> { ["metrics"] = "http://127.0.0.1:9/metrics", ["else"] = "nowhere" },
        });
        var findings = await alice.Runtime.Upkeep.Diagnosis.RunAsync(Token);
        Assert.Equal($"It takes connections at {alice.Runtime.WebAddress}.", Assert.Single(findings, finding => finding is { Check: "web", Severity: Severity.Ok }).Detail);
        Assert.Single(findings, finding => finding is { Check: "health", Severity: Severity.Ok });
        Assert.StartsWith(
            "Nobody takes connections at http://127.0.0.1:9/metrics", Assert.Single(findings, finding => finding is { Check: "metrics", Severity: Severity.Error }).Detail, StringComparison.Ordinal);
        Assert.Single(findings, finding => finding is { Check: "else", Severity: Severity.Error });
        Assert.DoesNotContain(findings, finding => finding.Check == "api");
    }

    private static Task<ExplainMessageResponse> ExplainAsync(RunningNode node, string message) => node.Runtime.Upkeep.Explanation.ExplainAsync(message, Token);

    private static Task<DrainResponse> DrainAsync(RunningNode node, DrainRequest request) => node.Runtime.Upkeep.Draining.DrainAsync(request, Token);

    private static Task<ReloadResponse> ReloadAsync(RunningNode node, Action<NodeOptions> change, CancellationToken? cancellationToken = null)
    {
        var options = new NodeOptions { Name = node.Name, DataDirectory = node.DataDirectory, Listen = "127.0.0.1:0", Api = "off" };
        change(options);
        return node.Runtime.Reload.ApplyAsync(options, cancellationToken ?? Token);
    }

    private static async Task<(string Reason, StatusCode Status)> RefusalAsync(Func<Task> call)
    {
        var refused = await Assert.ThrowsAsync<NodeRequestException>(call);
        return (refused.Reason, refused.Status);
    }
}

using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class OwnerCommandTests
{
    [Fact]
    public async Task Id_is_what_to_give_to_others()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "id"));
        Assert.Equal("alice-id@127.0.0.1:5555\n", terminal.Output);
    }

    [Fact]
    public async Task Status_shows_the_node_at_a_glance()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "status"));
        Assert.Contains("alice, version 0.1.0, up 1m 1s", terminal.Output);
        Assert.Contains("1 up; of 3 peers 2 are not linked: 1 of them is being dialled, of the rest this node has no address", terminal.Output);
        Assert.Contains("7 held, 2 not yet delivered, the oldest for 1m 30s", terminal.Output);
        Assert.Contains("3 MiB of databases, 5 GiB free\n", terminal.Output);
        var json = new Terminal();
        await json.RunAtAsync(node, "status", "--json");
        Assert.Equal(
            """{"type":"status","peerId":"alice-id","name":"alice","version":"0.1.0","address":"alice-id@127.0.0.1:5555","uptimeMs":61000,"position":7,"undelivered":2,"writable":true,"storeError":"","damagedPlaces":0,"links":1,"peers":3,"peersDialling":1,"peersDown":1,"oldestUndeliveredMs":90000,"databaseBytes":3145728,"freeBytes":5368709120,"reserveHeld":true,"draining":false,"undeliveredToRemoved":0}""",
            json.Lines.Single());
    }

    /// <summary>A container's health check asks this alone.</summary>
    [Fact]
    public async Task Status_ends_with_a_failure_while_nothing_can_be_written()
    {
        await using var node = await FakeNode.StartAsync();
        node.Node.Store = (false, "The disk fails.");
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Failure, await terminal.RunAtAsync(node, "status"));
        Assert.Contains("store     READ ONLY: The disk fails.", terminal.Lines);
        Assert.Equal(ExitCodes.Failure, await new Terminal().RunAtAsync(node, "status", "--json"));
    }

    [Fact]
    public async Task Status_says_that_the_disk_is_full_before_somebody_has_tried_to_write()
    {
        await using var node = await FakeNode.StartAsync();
        node.Node.FreeBytes = 0;
        var terminal = new Terminal();
        // It serves what it holds, and another start would not help.
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "status"));
        Assert.Contains("store     the disk is full: the next message may be refused", terminal.Lines);
        Assert.Contains("disk      3 MiB of databases, 0 bytes free", terminal.Lines);
    }

    /// <summary>As at the node's start, so that nobody is told of another node, or of none.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_configuration_file_says_where_the_node_is(bool byVariable)
    {
        await using var node = await FakeNode.StartAsync();
        var file = Path.Combine(node.Directory, "node.json");
        await File.WriteAllTextAsync(file, $$"""{ "data": "{{node.Directory}}" }""", TestContext.Current.CancellationToken);
        using var terminal = new Terminal();
        string[] option = byVariable ? [] : ["--config", file];
        if (byVariable)
            terminal.Environment["P2PGRPC_CONFIG"] = file;
        Assert.Equal(ExitCodes.Success, await terminal.RunAsync(["id", .. option]));
        Assert.Equal("alice-id@127.0.0.1:5555\n", terminal.Output);
        // The variable outranks the file, as it does for 'run', and so does the command line.
        terminal.Environment["P2PGRPC_DATA"] = Path.Combine(node.Directory, "elsewhere");
        Assert.Equal(ExitCodes.Unreachable, await terminal.RunAsync(["id", .. option]));
        Assert.Equal(ExitCodes.Success, await terminal.RunAsync(["id", "--data", node.Directory, .. option]));
        Assert.Equal(byVariable ? ExitCodes.Success : ExitCodes.Usage, await terminal.RunAsync(["id", "--api", node.Address, "--token-file", node.TokenFile, .. option]));
    }

    [Theory(DisplayName = "A5: a list of peers holds no control characters, as a table and as plain text")]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_list_of_peers_holds_no_control_characters(bool colors)
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { Colors = colors };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "peers", "list"));
        var shown = System.Text.RegularExpressions.Regex.Replace(terminal.Output, "\u001b\\[[0-9;]*m", "");
        Assert.Contains("bob", shown);
        Assert.DoesNotContain(shown, letter => letter is not ('\n' or '\t') && (char.IsControl(letter) || letter == '\u202e'));
        if (!colors)
            Assert.Equal(["ALIAS\tLINK\tADMISSION\tUNDELIVERED\tID\tADDRESSES\tLAST ERROR", "bob\tup 0.5ms\tknown\t0\tbob-id\t127.0.0.1:5556\t-"], terminal.Lines[..2]);
    }

    [Theory]
    [InlineData(40, false)]
    [InlineData(80, false)]
    [InlineData(240, true)]
    public async Task A_list_of_peers_stays_readable_on_a_narrow_screen(int columns, bool asTable)
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal { Colors = true, Columns = columns };
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "peers", "list"));
        var lines = System.Text.RegularExpressions.Regex.Replace(terminal.Output, "\u001b\\[[0-9;]*m", "").Split('\n');
        Assert.Equal(asTable, lines.Any(line => line.Contains("LAST ERROR")));
        if (asTable)
            Assert.Single(lines, line => line.Contains("bob-id") && line.Contains("127.0.0.1:5556"));
        else
            Assert.Equal(["bob  up 0.5ms  known  0 undelivered", "  bob-id", "  at 127.0.0.1:5556"], lines[..3]);
    }

    [Fact]
    public async Task Peers_in_json_have_the_names_that_programs_rely_on()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        await terminal.RunAtAsync(node, "peers", "list", "--json");
        Assert.Equal(
            """{"type":"peer","peerId":"bob-id","alias":"bob","addresses":["127.0.0.1:5556"],"admission":"known","link":"up","suggestedName":"","lastError":"","undelivered":0,"roundTripMs":0.5,"thisNode":false}""",
            terminal.Lines[0]);
    }

    [Fact]
    public async Task Peers_are_added_accepted_blocked_and_removed()
    {
        await using var node = await FakeNode.StartAsync();
        var terminal = new Terminal();
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "peers", "add", "carol=127.0.0.1:5557"));
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "peers", "accept", "k3v7q2mw", "--alias", "dave"));
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "peers", "block", "mallory"));
        Assert.Equal(ExitCodes.Success, await terminal.RunAtAsync(node, "peers", "remove", "bob"));
        Assert.Equal(
            ["carol is unpinned, link dialling", "dave (k3v7q2mw) is known, link down", "mallory (bob-id) is blocked, link down", "bob is removed"],
            terminal.Lines);
        Assert.Equal(ExitCodes.Refused, await terminal.RunAtAsync(node, "peers", "add", "?"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Events_are_shown_as_they_happen(bool json)
    {
        await using var node = await FakeNode.StartAsync();
        using var ending = new CancellationTokenSource();
        var terminal = new Terminal();
        var events = node.Node.Events.Writer;
        events.TryWrite(new WatchEventsResponse { LinkUp = new LinkUpEvent { PeerId = "bob-id", Alias = "bob", Address = "127.0.0.1:5556", Dialled = true } });
        events.TryWrite(new WatchEventsResponse { LinkDown = new LinkDownEvent { PeerId = "bob-id", Alias = "bob", Reason = "reset\u001b[2J" } });
        events.TryWrite(new WatchEventsResponse { Knock = new KnockEvent { PeerId = "eve-id", SuggestedName = FakeNodeService.Hostile, Address = "h:1" } });
        events.TryWrite(new WatchEventsResponse { Delivered = new DeliveredEvent { PeerId = "bob-id", Alias = "bob", Log = "log", Sequence = 4 } });
        events.TryWrite(new WatchEventsResponse { Notice = new NoticeEvent { Reason = "IDENTITY_CHANGED", Detail = "bob" } });
        events.TryWrite(new WatchEventsResponse { Missed = 3, TimeMs = ulong.MaxValue });
        string[] arguments = ["events", "--data", node.Directory];
        var watching = terminal.RunAsync(ending.Token, json ? [.. arguments, "--json"] : arguments);
        await Terminal.WaitAsync(() => terminal.Lines.Length == 6);
        await ending.CancelAsync();
        Assert.Equal(ExitCodes.Interrupted, await watching);
        Assert.DoesNotContain(terminal.Output, letter => letter != '\n' && (char.IsControl(letter) || letter == '\u202e'));
        if (json)
        {
            Assert.Equal("""{"type":"linkUp","time":"1970-01-01T00:00:00.000Z","peerId":"bob-id","alias":"bob","address":"127.0.0.1:5556","dialled":true}""", terminal.Lines[0]);
            Assert.StartsWith("""{"type":"missed","time":"9999-""", terminal.Lines[5]);
        }
        else
        {
            Assert.EndsWith("* link up: bob at 127.0.0.1:5556", terminal.Lines[0]);
            Assert.Contains($"p2pgrpc peers accept eve-id --data {node.Directory}", terminal.Lines[2]);
        }
    }
}

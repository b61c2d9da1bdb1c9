using System.Text.Json;
using System.Text.RegularExpressions;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>The program's verbs as people and scripts type them, and what the documents say of them.</summary>
public sealed partial class CommandLineTests
{
    [Fact]
    public async Task Send_tail_peers_id_and_status_find_their_node_by_its_directory()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();

        var sent = await Command.P2PGrpcAsync("send", "bob", "hello 👋", "--data", alice.DataDirectory, "--wait");
        var id = await Command.P2PGrpcAsync("id", "--data", bob.DataDirectory);
        var status = await Command.P2PGrpcAsync("status", "--data", bob.DataDirectory, "--json");
        var peers = await Command.P2PGrpcAsync("peers", "list", "--data", alice.DataDirectory, "--json");

        Assert.True(sent.ExitCode == 0, sent.ToString());
        Assert.Contains("DELIVERED", sent.Output, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(await bob.Client.GetPeerIdAsync(), id.Output, StringComparison.Ordinal);
        using var described = JsonDocument.Parse(status.Output);
        Assert.Equal(JsonValueKind.Object, described.RootElement.ValueKind);
        using var listed = JsonDocument.Parse(peers.Output.Split('\n')[0]);
        Assert.Contains("bob", peers.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_verb_without_a_node_says_so()
    {
        await using var nodes = new Neighbourhood();
        var result = await Command.P2PGrpcAsync("send", "bob", "hello", "--data", Path.Combine(nodes.Folder, "nobody"));

        Assert.NotEqual(0, result.ExitCode);
        Assert.NotEmpty(result.Error);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_shows_who_it_is_and_never_a_raw_control_character()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await alice.Client.SendAsync("bob", "red \u001b[31m and \u202e backwards", waitFor: DeliveryState.Delivered);
        await alice.Client.SendAsync("bob", "the end", waitFor: DeliveryState.Delivered);

        await Eventually.HoldsAsync("bob shows the message", () => Task.FromResult(bob.Output.Contains("the end", StringComparison.Ordinal)));
        Assert.Contains($"{await bob.Client.GetPeerIdAsync()}@", bob.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(bob.Output, c => (char.IsControl(c) && c != '\n') || c == '\u202e');
    }

    [Theory]
    [InlineData("status")]
    [InlineData("tail --from start --no-follow --own")]
    [InlineData("--help")]
    public async Task An_output_that_can_not_be_written_is_an_error_and_a_reader_that_is_gone_is_none(string arguments)
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        await alice.Client.SendAsync("self", new string('x', 100_000));
        var command = $"'{Checkout.Program}' {arguments}" + (arguments == "--help" ? "" : $" --data '{alice.DataDirectory}'");

        var full = await Command.RunAsync("bash", ["-c", command + " > /dev/full"]);
        var gone = await Command.RunAsync("bash", ["-c", $"{command} | true; exit ${{PIPESTATUS[0]}}"]);

        Assert.Equal(1, full.ExitCode);
        Assert.Matches("^p2pgrpc: The output can't be written: .*\n$", full.Error);
        Assert.Equal(141, gone.ExitCode);
        Assert.Empty(gone.Error);
    }

    [Fact]
    public async Task A_node_whose_output_can_not_be_written_says_so_once_and_runs_on()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        alice.Wrapper = ["bash", "-c", "exec \"$0\" \"$@\" > /dev/full"];
        await alice.StartAsync();
        await alice.Client.SendAsync("self", "still here");

        Assert.Single(alice.Output.Split('\n'), line => line.Contains("The output can't be written", StringComparison.Ordinal));
        Assert.Equal(0, (await alice.StopAsync()).ExitCode);
    }

    [Fact]
    public async Task A_mistake_in_where_the_node_is_or_what_is_sent_is_told_for_what_it_is()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        var token = Path.Combine(alice.DataDirectory, "api.token");
        var wrong = Path.Combine(nodes.Folder, "wrong");
        await File.WriteAllTextAsync(wrong, "wrong", TestContext.Current.CancellationToken);
        var api = $"127.0.0.1:{alice.ApiPort}";

        await RefusesAsync(4, "needs the header .* --token-file", "id", "--api", api);
        await RefusesAsync(4, "is not this node's; the right one stands in .*api.token", "id", "--api", api, "--token-file", wrong);
        await RefusesAsync(1, "token file .*/none can't be read", "id", "--api", api, "--token-file", Path.Combine(nodes.Folder, "none"));
        await RefusesAsync(3, "No TLS connection .* without https", "id", "--api", "https://" + api, "--token-file", token);
        await RefusesAsync(3, "not its port for peers", "id", "--api", alice.ListenAddress, "--token-file", token);
        await RefusesAsync(4, "its port for peers shows another", "id", "--api", "https://" + alice.ListenAddress, "--token-file", token);
        await RefusesAsync(1, "is a directory", "send", "self", "--file", nodes.Folder, "--data", alice.DataDirectory);
        await RefusesAsync(4, "no peer 'zed'", "chat", "zed", "--data", alice.DataDirectory);
        Assert.Equal(0, (await Command.P2PGrpcAsync("chat", "self", "--data", alice.DataDirectory)).ExitCode);

        static async Task RefusesAsync(int exitCode, string pattern, params string[] arguments)
        {
            var result = await Command.P2PGrpcAsync(arguments);
            Assert.True(result.ExitCode == exitCode, result.ToString());
            Assert.Matches($"^p2pgrpc: [^\n]*{pattern}[^\n]*\n$", result.Error);
        }
    }

    [Fact]
    public async Task Commands_in_the_documents_have_verbs_and_options_that_exist()
    {
        var documents = Directory.EnumerateFiles(Checkout.Root, "*.md")
            .Concat(Directory.EnumerateFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories));
        var commands = documents.SelectMany(path => ReadCommands(File.ReadAllText(path))).Distinct(StringComparer.Ordinal).ToList();
        var helps = new Dictionary<string, CommandResult>(StringComparer.Ordinal);
        var faults = new List<string>();
        foreach (var command in commands)
        {
            var verb = Verb().Match(command).Value.Trim();
            if (!helps.TryGetValue(verb, out var help))
                helps[verb] = help = await Command.P2PGrpcAsync([.. verb.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1), "--help"]);
            if (help.ExitCode != 0) faults.Add($"{command}: no such verb");
            foreach (var option in Option().Matches(command).Select(match => match.Value).Where(option => option != "--help"))
                if (!help.Output.Contains(option, StringComparison.Ordinal)) faults.Add($"{command}: no option {option}");
        }
        Assert.Empty(faults);
    }

    [Fact]
    public async Task Each_option_of_run_stands_in_the_documents_and_its_variable_in_the_help()
    {
        var help = (await Command.P2PGrpcAsync("run", "--help")).Output;
        var options = HelpedOption().Matches(help).Select(match => match.Groups[1].Value).Except(["--help", "--quiet", "--json", "--verbose"]).ToList();
        Assert.Contains("--advertise", options);
        foreach (var document in new[] { "operations.md", "cli.md" })
        {
            var lines = await File.ReadAllLinesAsync(Path.Combine(Checkout.Root, "docs", document), TestContext.Current.CancellationToken);
            var rows = lines.Where(line => line.StartsWith("| `--", StringComparison.Ordinal)).ToList();
            foreach (var option in options)
            {
                var row = Assert.Single(rows, row => Regex.IsMatch(row, $@"`{option}[ `].*P2PGRPC_"));
                foreach (Match variable in Variable().Matches(row))
                    Assert.Matches($@"{variable.Value}\b", help);
            }
        }
    }

    [Fact]
    public void Commands_are_found_in_fences_only() => Assert.Equal(
        ["p2pgrpc send bob \"hi\" --wait", "p2pgrpc id"],
        ReadCommands("p2pgrpc sends\n```sh\n$ p2pgrpc send bob \"hi\" --wait   # waits\nartifacts/bin/p2pgrpc id\nmake run\n```\n"));

    private static IEnumerable<string> ReadCommands(string text) => Fence().Matches(text)
        .SelectMany(fence => Line().Matches(fence.Value))
        .Select(match => "p2pgrpc " + match.Groups[1].Value.Split(" #")[0].Split(" | ")[0].Split(" &")[0].Trim());

    [GeneratedRegex(@"^ *```.*?^ *```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Fence();

    [GeneratedRegex(@"^[ \t]*(?:\$ )?(?:artifacts/bin/)?p2pgrpc +(.+)$", RegexOptions.Multiline)]
    private static partial Regex Line();

    [GeneratedRegex(@"^p2pgrpc (?:peers +)?[a-z]+")]
    private static partial Regex Verb();

    [GeneratedRegex(@"^  (--[a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex HelpedOption();

    [GeneratedRegex("P2PGRPC_[A-Z_]+")]
    private static partial Regex Variable();

    [GeneratedRegex(@"(?<=\s)--[a-z][a-z-]*")]
    private static partial Regex Option();
}

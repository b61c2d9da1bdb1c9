using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Web;

/// <summary>The JSON view as somebody with curl sees it.</summary>
public sealed partial class JsonViewTests
{
    private const string Curl = "/usr/bin/curl";

    /// <summary>All of docs/json.md is tried out, and its output compared but for ids, numbers and times.</summary>
    [Fact]
    public async Task The_document_shows_what_curl_gets()
    {
        Assert.SkipUnless(File.Exists(Curl), $"{Curl} is missing: make setup installs it as root.");
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        var web = AddWeb(alice);
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);

        var session = Documents.ReadSession("json.md");
        Assert.True(session.Count > 5, $"The document has {session.Count} commands.");
        foreach (var (command, output) in session)
        {
            var result = await RunAsync(command);
            // What was sent stands in the history a moment later.
            for (var again = 0; again < 50 && Plain(result.Output) != Plain(output) && command.Contains("/messages?", StringComparison.Ordinal); again++)
                result = await RunAsync(command);
            Assert.True(result.ExitCode == 0, $"{command}\n{result}");
            Assert.Equal(Plain(output), Plain(result.Output));
        }

        Task<CommandResult> RunAsync(string command) =>
            Command.RunAsync("env", [$"NODE={web}", $"TOKEN=authorization: Bearer {alice.Token}", "bash", "-c", command], folder: nodes.Folder);
    }

    [Fact]
    public async Task A_stream_goes_on_where_it_broke_off_also_over_a_restart()
    {
        Assert.SkipUnless(File.Exists(Curl), $"{Curl} is missing: make setup installs it as root.");
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        var web = AddWeb(alice);
        await alice.StartAsync();
        foreach (var text in new[] { "one", "two" })
            await alice.Client.SendAsync("self", text);
        var first = await ReadEventsAsync(web, alice.Token, "two");
        Assert.Contains("\"one\"", first, StringComparison.Ordinal);

        await alice.KillAsync();
        await alice.StartAsync();
        await alice.Client.SendAsync("self", "three");
        var id = EventId().Matches(first)[^1].Groups[1].Value;
        var second = await ReadEventsAsync(web, alice.Token, "three", "-H", $"Last-Event-ID: {id}");

        Assert.DoesNotContain("\"two\"", second, StringComparison.Ordinal);
    }

    private static string AddWeb(NodeProcess node)
    {
        var web = $"127.0.0.1:{Ports.Take().ToString(CultureInfo.InvariantCulture)}";
        node.Options.Add("--web");
        node.Options.Add(web);
        return $"http://{web}";
    }

    /// <summary>Reads events until one has the text.</summary>
    private static async Task<string> ReadEventsAsync(string web, string token, string text, params string[] more)
    {
        var start = new ProcessStartInfo(
            Curl, ["-sSN", "-H", $"authorization: Bearer {token}", .. more, $"{web}/v1/subscribe?start_at=START_AT_START&include_own=true"])
        {
            RedirectStandardOutput = true,
        };
        using var curl = Process.Start(start) ?? throw new InvalidOperationException($"{Curl} did not start.");
        var read = "";
        using var limit = new CancellationTokenSource(Eventually.Generous, TimeProvider.System);
        while (!read.Contains($"\"{text}\"", StringComparison.Ordinal))
            read += await curl.StandardOutput.ReadLineAsync(limit.Token) is { } line ? line + "\n" : throw new EndOfStreamException($"The events ended:\n{read}");
        curl.Kill();
        return read;
    }

    private static string Plain(string text) => Number().Replace(Identity().Replace(text, "ID"), "0").TrimEnd();

    [GeneratedRegex("[a-z2-7]{40,}")]
    private static partial Regex Identity();

    [GeneratedRegex(@"\b[0-9]+(\.[0-9a-f]{16})?\b")]
    private static partial Regex Number();

    [GeneratedRegex(@"^id: (\S+)$", RegexOptions.Multiline)]
    private static partial Regex EventId();
}

using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Clients in other languages call in all ways that a client needs, and the clients of docs/clients run as they stand there.
/// The one in C++ takes a compiler and a minute, so it is in `make interop`.</summary>
public sealed class InteropTests
{
    [Fact]
    public async Task Python_takes_the_tour_and_runs_what_the_document_shows()
    {
        using var python = await PythonClient.PrepareAsync();
        await using var nodes = new Neighbourhood();
        await HoldsAsync(nodes, "python", node => python.RunAsync(node, "tour"), (node, program) =>
            python.RunProgramAsync(program, $"127.0.0.1:{node.ApiPort}", Path.Combine(node.DataDirectory, "api.token"), "self"));
    }

    [Fact]
    public async Task Node_js_takes_the_tour_and_runs_what_the_document_shows()
    {
        await using var nodes = new Neighbourhood();
        await HoldsAsync(nodes, "js", node => NodeJsClient.RunAsync(node, "tour"), (node, program) =>
            NodeJsClient.RunProgramAsync(program, Checkout.Protos, $"127.0.0.1:{node.ApiPort}", Path.Combine(node.DataDirectory, "api.token"), "self"));
    }

    private static async Task HoldsAsync(
        Neighbourhood nodes, string language, Func<NodeProcess, Task<CommandResult>> takeTour, Func<NodeProcess, string, Task<CommandResult>> run)
    {
        var alice = nodes.Add("alice");
        await alice.StartAsync();
        var toured = await takeTour(alice);
        Assert.True(toured.ExitCode == 0, toured.ToString());
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Checkout.Interop, "tour.expected"), TestContext.Current.CancellationToken), toured.Output);

        var program = Path.Combine(nodes.Folder, "hello." + language);
        var code = Documents.ReadCode(Path.Combine("clients", language == "js" ? "node.md" : $"{language}.md"), language);
        Assert.InRange(code.Split('\n').Length, 10, 35);
        await File.WriteAllTextAsync(program, code, TestContext.Current.CancellationToken);
        var first = await run(alice, program);
        Assert.True(first.ExitCode == 0, first.ToString());
        Assert.Matches("^sent \\S+\n", first.Output);
        Assert.EndsWith($"self: hello from {language}\n", first.Output, StringComparison.Ordinal);
        // The same message is not sent twice, and what was acknowledged does not come again.
        var second = await run(alice, program);
        Assert.True(second.ExitCode == 0, second.ToString());
        Assert.Equal(first.Output.Split('\n')[0] + "\n", second.Output);
    }
}

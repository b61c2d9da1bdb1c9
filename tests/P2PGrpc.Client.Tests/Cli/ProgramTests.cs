using System.Diagnostics;
using System.Globalization;
using P2PGrpc.Cli;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>What only the built program can show: its streams, its signals, its exit codes.</summary>
public sealed class ProgramTests
{
    [Fact]
    public async Task A_reader_that_goes_away_ends_tail_and_what_it_missed_is_not_acknowledged()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("one");
        using var process = Start("tail", "--data", node.Directory, "--consumer", "reader", "--from", "start");
        Assert.EndsWith("bob: one", await process.StandardOutput.ReadLineAsync());
        await Terminal.WaitAsync(() => node.Feed.Consumers.GetValueOrDefault("reader") == 1);
        process.StandardOutput.Close();
        node.Feed.Receive("two");
        Assert.Equal(ExitCodes.ReaderGone, await ExitAsync(process));
        Assert.Equal(1UL, node.Feed.Consumers["reader"]);
    }

    [Fact]
    public async Task A_reader_that_goes_away_ends_the_help_quietly()
    {
        using var process = Start("--help");
        process.StandardOutput.Close();
        Assert.Equal(ExitCodes.ReaderGone, await ExitAsync(process));
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
    }

    [Theory]
    [InlineData("INT", ExitCodes.Interrupted)]
    [InlineData("TERM", ExitCodes.Terminated)]
    public async Task A_signal_ends_a_command_in_order(string signal, int exitCode)
    {
        await using var node = await FakeNode.StartAsync();
        using var process = Start("tail", "--data", node.Directory);
        await Terminal.WaitAsync(() => !node.Peers.Subscribes.IsEmpty);
        using var kill = Process.Start("kill", ["-" + signal, process.Id.ToString(CultureInfo.InvariantCulture)]);
        Assert.Equal(exitCode, await ExitAsync(process));
        Assert.Equal("", await process.StandardError.ReadToEndAsync());
    }

    /// <summary>The runtime takes the number of a descriptor that is closed for a pipe of its own: what reads that waits for ever.</summary>
    [Theory]
    [InlineData("<&-", "send bob -", ExitCodes.Failure, "p2pgrpc: Standard input can't be read: .*\n")]
    [InlineData("<&-", "send bob --file -", ExitCodes.Failure, "p2pgrpc: Standard input can't be read: .*\n")]
    [InlineData("<&-", "chat bob", ExitCodes.Failure, "p2pgrpc: Standard input can't be read: .*\n")]
    [InlineData("<&-", "send bob hello", ExitCodes.Success, "")]
    [InlineData("<&-", "peers list", ExitCodes.Success, "")]
    [InlineData(">&-", "send bob hello", ExitCodes.Failure, "p2pgrpc: The message was taken \\(.*\\)\\. The output can't be written: .*\n")]
    [InlineData(">&-", "status", ExitCodes.Failure, "p2pgrpc: The output can't be written: .*\n")]
    [InlineData(">&-", "id --help", ExitCodes.Failure, "p2pgrpc: The output can't be written: .*\n")]
    [InlineData("2> /dev/full", "bogus", ExitCodes.Usage, "")]
    [InlineData("2> /dev/full", "send bob -", ExitCodes.Usage, "")]
    [InlineData("2>&-", "status", ExitCodes.Success, "")]
    [InlineData("2>&-", "send bob -", ExitCodes.Usage, "")]
    [InlineData("<&- >&- 2>&-", "send bob -", ExitCodes.Failure, "")]
    public async Task A_stream_that_is_closed_is_an_error_where_it_is_used(string closed, string command, int exitCode, string error)
    {
        await using var node = await FakeNode.StartAsync();
        using var process = Process.Start(new ProcessStartInfo(
            "bash", ["-c", $"exec dotnet '{Program}' {command} --data '{node.Directory}' < /dev/null {closed}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Assert.Equal(exitCode, await ExitAsync(process));
        Assert.Matches($"^{error}$", await process.StandardError.ReadToEndAsync());
    }

    [Fact]
    public async Task The_output_is_utf_8_without_a_mark_and_the_version_is_known()
    {
        await using var node = await FakeNode.StartAsync();
        node.Feed.Receive("grüße 🙂");
        using var tail = Start("tail", "--data", node.Directory, "--no-follow");
        Assert.Matches("^[0-9:]{8}  bob: grüße 🙂\n$", await tail.StandardOutput.ReadToEndAsync());
        using var version = Start("--version");
        Assert.Matches(@"^\d+\.\d+\.\d+", await version.StandardOutput.ReadToEndAsync());
        Assert.Equal(ExitCodes.Success, await ExitAsync(version));
    }

    private static string Program
    {
        get
        {
            var own = new DirectoryInfo(AppContext.BaseDirectory);
            return Path.Combine(own.Parent!.Parent!.FullName, "P2PGrpc.Cli", own.Name, "p2pgrpc.dll");
        }
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo("dotnet", [Program, .. arguments])
    {
        RedirectStandardOutput = true,
        RedirectStandardError = true,
        StandardOutputEncoding = System.Text.Encoding.UTF8,
    })!;

    private static async Task<int> ExitAsync(Process process)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        try
        {
            await process.WaitForExitAsync(limit.Token);
            return process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }
    }
}

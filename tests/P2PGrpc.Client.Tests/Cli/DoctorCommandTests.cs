using System.Net;
using System.Net.Sockets;
using System.Runtime.Versioning;
using P2PGrpc.Cli;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>What doctor looks at where no node answers: all that a start would be told, from wherever it comes.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class DoctorCommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("p2pgrpc-doctor-").FullName;
    private readonly TcpListener other = new(IPAddress.Loopback, 0);
    private readonly Terminal terminal = new();
    private readonly string taken;

    public DoctorCommandTests()
    {
        other.Start();
        taken = other.LocalEndpoint.ToString()!;
        terminal.Environment["P2PGRPC_LISTEN"] = "127.0.0.1:0";
        terminal.Environment["P2PGRPC_API"] = "off";
    }

    public void Dispose()
    {
        other.Dispose();
        terminal.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData("P2PGRPC_LISTEN", "listen")]
    [InlineData("P2PGRPC_API", "api")]
    [InlineData("P2PGRPC_WEB", "web")]
    [InlineData("P2PGRPC_HEALTH", "health")]
    [InlineData("P2PGRPC_METRICS", "metrics")]
    public async Task A_port_that_is_taken_is_told_whatever_it_is_for(string variable, string check)
    {
        terminal.Environment[variable] = taken;
        Assert.Equal(ExitCodes.Failure, await RunAsync());
        var line = Assert.Single(terminal.Lines, line => line.StartsWith("ERROR", StringComparison.Ordinal));
        Assert.Matches($"^ERROR +{check} +{taken} is taken by .+ by --{check}\\.$", line);
    }

    [Fact]
    public async Task The_configuration_file_is_read_for_what_neither_command_line_nor_environment_say()
    {
        var file = Path.Combine(folder, "node.json");
        await File.WriteAllTextAsync(
            file, $$"""{ "web": "{{taken}}", "metrics": "{{other.LocalEndpoint.ToString()!.Split(':')[1]}}", "peers": ["unseen=127.0.0.1:9"] }""", TestContext.Current.CancellationToken);
        terminal.Environment["P2PGRPC_CONFIG"] = file;
        Assert.Equal(ExitCodes.Failure, await RunAsync());
        Assert.Single(terminal.Lines, line => line.StartsWith("ERROR    web ", StringComparison.Ordinal));
        // Two of the node's own would meet there.
        Assert.Single(terminal.Lines, line => line.StartsWith($"ERROR    metrics      {taken} is where --web listens, too.", StringComparison.Ordinal));
    }

    /// <summary>The directory, too: another one would be said to be missing, and a start there would make a second node.</summary>
    [Fact]
    public async Task The_data_directory_of_the_configuration_file_is_looked_at()
    {
        Directory.CreateDirectory(Data);
        var key = Path.Combine(Data, "identity.key");
        await File.WriteAllTextAsync(key, Key, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        var file = Path.Combine(folder, "node.json");
        await File.WriteAllTextAsync(file, """{ "data": "node" }""", TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Failure, await terminal.RunAsync("doctor", "--config", file));
        Assert.Contains($"run --data {Data}", terminal.Lines[0]);
        Assert.Single(terminal.Lines, line => line.StartsWith("ERROR    files", StringComparison.Ordinal) && line.Contains($"chmod 600 '{key}'", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Peers_that_the_environment_names_are_dialled()
    {
        var key = Path.Combine(folder, "given.key");
        await File.WriteAllTextAsync(key, Key, TestContext.Current.CancellationToken);
        File.SetUnixFileMode(key, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(ExitCodes.Success, await new Terminal().RunAsync("key", "import", key, "--data", Data));
        terminal.Environment["P2PGRPC_PEERS"] = "closed=127.0.0.1:9, also-closed=127.0.0.1:7";
        Assert.Equal(ExitCodes.Failure, await RunAsync());
        Assert.Single(terminal.Lines, line => line.StartsWith("ERROR    peer         closed can't be reached", StringComparison.Ordinal));
        Assert.Single(terminal.Lines, line => line.StartsWith("ERROR    peer         also-closed can't be reached", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Options_that_keep_a_node_from_starting_are_told_with_the_rest()
    {
        terminal.Environment["P2PGRPC_WEB"] = "0.0.0.0:7555";
        Assert.Equal(ExitCodes.Failure, await RunAsync());
        Assert.Single(terminal.Lines, line => line.StartsWith("ERROR    options      The web endpoint 0.0.0.0:7555 can be reached from other machines", StringComparison.Ordinal));
        Assert.Contains(terminal.Lines, line => line.StartsWith("ok       clock", StringComparison.Ordinal));
    }

    private string Data => Path.Combine(folder, "node");

    private Task<int> RunAsync() => terminal.RunAsync("doctor", "--data", Data);

    /// <summary>The key of the bytes 1 to 32.</summary>
    internal const string Key =
        "p2pgrpc identity 1\nWhoever holds this file is this node. Keep it secret, and never run two nodes with it.\n"
        + "seed aebagbafaydqqcikbmga2dqpcaireeyuculbogazdinryhi6d4qa\npeer pg2vmlup4zkpsqdywejorkmlu6ib7bj242k35v7a4oiqxlieszsa\n";
}

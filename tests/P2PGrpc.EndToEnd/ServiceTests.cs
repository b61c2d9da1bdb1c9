using System.Text.RegularExpressions;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>A node as a service: what its supervisor and the probes of an orchestrator are told, from the start to the end, and when its disk fails.</summary>
public sealed class ServiceTests
{
    /// <summary>What the log tells of a collector that is away, a reload that can't be, and a variable that is a slip.</summary>
    private static readonly int[] ToldOnce = [1800, 1802, 1803];

    private static readonly TimeSpan WatchdogTime = TimeSpan.FromMilliseconds(400);

    [Fact]
    public async Task It_says_that_it_is_ready_when_it_serves_that_it_lives_while_it_does_and_that_it_stops_when_told_to()
    {
        await using var nodes = new Neighbourhood();
        using var supervisor = new Supervisor(nodes.Folder);
        var alice = nodes.Add("alice");
        alice.Wrapper = supervisor.Wrapper(WatchdogTime);
        var starting = alice.StartAsync();

        Assert.StartsWith("READY=1\nSTATUS=0 of 0 peers linked", await supervisor.ReceiveAsync(), StringComparison.Ordinal);
        // At the first call, without waiting.
        Assert.Equal("alice", (await alice.Client.Node.GetNodeAsync(new GetNodeRequest())).Name);
        await starting;
        for (var times = 0; times < 3; times++)
            Assert.StartsWith("WATCHDOG=1\nSTATUS=", await supervisor.ReceiveAsync(), StringComparison.Ordinal);

        Assert.Equal(0, (await alice.StopAsync()).ExitCode);
        await supervisor.ReceiveUntilAsync("STOPPING=1");
    }

    /// <summary>Supervisors signal the process and its group: the second one would kill a node that is saying goodbye.</summary>
    [Fact]
    public async Task What_goes_wrong_is_told_in_the_form_of_the_log_and_a_signal_that_comes_twice_ends_it_in_order()
    {
        await using var nodes = new Neighbourhood();
        var alice = nodes.Add("alice");
        // Nobody takes what it sends; and a name that is a slip.
        alice.Wrapper = ["env", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:9", "OTEL_METRIC_EXPORT_INTERVAL=100", "P2PGRPC_PEER=bob"];
        foreach (var option in new[] { "--log", "json", "--json", "--health", "127.0.0.1:0" }) alice.Options.Add(option);
        await alice.StartAsync();
        Signals.Send(alice.ProcessId, Signals.Hangup);
        await Eventually.HoldsAsync("all of it was told", () => Task.FromResult(ToldOnce.All(id => alice.Output.Contains($"\"EventId\":{id},", StringComparison.Ordinal))));
        Assert.Contains("Did you mean P2PGRPC_PEERS?", alice.Output, StringComparison.Ordinal);
        Assert.Contains("without a configuration file", alice.Output, StringComparison.Ordinal);
        var health = Regex.Match(alice.Output, "\"health\":\"http://(127\\.0\\.0\\.1:[0-9]+)\"").Groups[1].Value;
        var asked = await Command.RunAsync("bash", ["-c", Documents.ReadHealthCall().Replace("127.0.0.1:8555", health, StringComparison.Ordinal)]);
        Assert.Equal("00 00 00 00 02 08 01", asked.Output.Trim());
        Assert.All(alice.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.StartsWith("{", line, StringComparison.Ordinal));

        Signals.Send(alice.ProcessId, Signals.Terminate);
        Assert.Equal(0, (await alice.StopAsync()).ExitCode);
        Assert.False(File.Exists(Path.Combine(alice.DataDirectory, "api.address")));
        Assert.False(File.Exists(alice.DatabasePath + "-wal"));
    }

    [Fact]
    public async Task While_its_disk_fails_neither_the_watchdog_nor_a_probe_is_told_that_it_is_well()
    {
        Tracer.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        using var supervisor = new Supervisor(nodes.Folder);
        var alice = nodes.Add("alice");
        alice.Wrapper = supervisor.Wrapper(WatchdogTime);
        var healthPort = Ports.Take();
        alice.Options.Add("--health");
        alice.Options.Add($"127.0.0.1:{healthPort}");
        await alice.StartAsync();
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{healthPort}");
        var probe = new Health.HealthClient(channel);
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, (await probe.CheckAsync(new HealthCheckRequest())).Status);

        await using (await Tracer.AttachAsync(alice, "fsync,fdatasync:error=EIO"))
        {
            await Assert.ThrowsAsync<RpcException>(() => alice.Client.SendAsync("self", "lost"));
            await supervisor.ReceiveUntilAsync("STATUS=The store has stopped writing");
            Assert.StartsWith("STATUS=The store has stopped writing", await supervisor.ReceiveAsync(), StringComparison.Ordinal);
            Assert.StartsWith("STATUS=The store has stopped writing", await supervisor.ReceiveAsync(), StringComparison.Ordinal);
            Assert.Equal(HealthCheckResponse.Types.ServingStatus.NotServing, (await probe.CheckAsync(new HealthCheckRequest())).Status);
        }

        await supervisor.ReceiveUntilAsync("WATCHDOG=1");
    }
}

using P2PGrpc.Cli.Run;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>What systemd is told of a node.</summary>
public sealed class ServiceReportTests
{
    private readonly Dictionary<string, string> environment = [];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Readiness_and_the_end_are_told_at_a_path_and_in_the_abstract_namespace(bool isAbstract)
    {
        using var folder = new TemporaryFolder();
        using var socket = new NotifySocket(isAbstract ? NotifySocket.MakeAbstractName() : Path.Combine(folder.Path, "notify"));
        environment["NOTIFY_SOCKET"] = socket.Path;
        using var notifier = SystemdNotifier.Connect(environment.GetValueOrDefault);
        var report = new ServiceReport(notifier, _ => Task.FromResult<string?>(null), () => "a line\nand another", TimeProvider.System);

        report.Begin();
        Assert.Equal("READY=1\nSTATUS=a line and another", await socket.ReceiveAsync());
        report.End();
        Assert.Equal("STOPPING=1\nSTATUS=Stopping", await socket.ReceiveAsync());
    }

    [Fact]
    public async Task The_watchdog_hears_of_a_node_while_it_is_healthy_and_only_then()
    {
        using var socket = new NotifySocket(NotifySocket.MakeAbstractName());
        (environment["NOTIFY_SOCKET"], environment["WATCHDOG_USEC"]) = (socket.Path, "20000");
        using var notifier = SystemdNotifier.Connect(environment.GetValueOrDefault);
        string? fault = null;
        var report = new ServiceReport(notifier, _ => Task.FromResult(Volatile.Read(ref fault)), () => "well", TimeProvider.System);
        using var ending = new CancellationTokenSource();
        var running = report.RunAsync(ending.Token);

        Assert.Equal("WATCHDOG=1\nSTATUS=well", await socket.ReceiveAsync());
        Assert.Equal("WATCHDOG=1\nSTATUS=well", await socket.ReceiveAsync());
        Volatile.Write(ref fault, "the disk is gone");
        await socket.ReceiveUntilAsync("STATUS=the disk is gone");
        Assert.Equal("STATUS=the disk is gone", await socket.ReceiveAsync());
        Assert.Equal("STATUS=the disk is gone", await socket.ReceiveAsync());
        Volatile.Write(ref fault, null);
        await socket.ReceiveUntilAsync("WATCHDOG=1");
        await ending.CancelAsync();
        await running;
    }

    [Theory]
    [InlineData(null, "20000", null, false, null)]
    [InlineData("", "20000", null, false, null)]
    [InlineData("vsock:2:9999", "20000", null, false, null)]
    [InlineData("/nowhere/notify", "20000", null, false, null)]
    [InlineData("@", "20000", null, true, 20)]
    [InlineData("@", "20000", "1", true, null)]
    [InlineData("@", "", null, true, null)]
    [InlineData("@", "0", null, true, null)]
    [InlineData("@", "soon", null, true, null)]
    public void Only_the_process_that_is_meant_is_watched(string? place, string watchdog, string? process, bool isWatched, int? milliseconds)
    {
        using var socket = new NotifySocket(NotifySocket.MakeAbstractName());
        if (place is not null)
            environment["NOTIFY_SOCKET"] = place == "@" ? socket.Path : place;
        environment["WATCHDOG_USEC"] = watchdog;
        if (process is not null)
            environment["WATCHDOG_PID"] = process;
        using var notifier = SystemdNotifier.Connect(environment.GetValueOrDefault);
        Assert.Equal((isWatched, milliseconds), (notifier.IsWatched, (int?)notifier.WatchdogTime?.TotalMilliseconds));
        // Nobody reads: the queue of the socket fills up, and the node must not wait for that.
        for (var count = 0; count < 1000; count++)
            notifier.Send(SystemdNotifier.Watchdog);
    }

    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("p2pgrpc-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.Benchmarks.Contenders;

/// <summary>NATS: Debian's server, and the official C library for both clients so that they are not the bottleneck.</summary>
internal static class NatsContenders
{
    private static readonly string Worker = Path.Combine(Checkout.Root, "artifacts", "nats_worker");

    public static Contender Core(string name) => new(name, "in the subscriber's memory, nothing stored; in clear", async setup =>
    {
        var url = await StartServerAsync(setup, store: null);
        setup.Counter = setup.Track(await WorkerProcess.StartProgramAsync(Worker, "subscribe", url, Length));
        setup.Driver = setup.Track(await WorkerProcess.StartProgramAsync(Worker, "publish", url, Length));
    });

    /// <summary>JetStream with a file store.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="isSynchronous">Every write of the server reaches the disk before it returns, by chattr +S. 2.9 has no setting for it.</param>
    /// <param name="role">How it is published: js-publish (many unacknowledged) or js-single.</param>
    /// <param name="isRead">Whether a subscriber reads along and is what counts.</param>
    public static Contender JetStream(string name, bool isSynchronous, string role, bool isRead) => new(
        name,
        (isSynchronous ? "written synchronously at the one server" : "written at the one server, not fsynced") +
            (isRead ? ", and read; in clear" : ", acknowledged to the publisher; in clear"),
        async setup =>
        {
            var store = Directory.CreateDirectory(setup.PathOf("store")).FullName;
            if (isSynchronous && (await Command.RunAsync("chattr", ["+S", store])) is { ExitCode: not 0 } refused)
                throw new UnavailableException($"chattr +S was refused: {refused.Error.Trim()}");
            var url = await StartServerAsync(setup, store);
            if (isRead) setup.Counter = setup.Track(await WorkerProcess.StartProgramAsync(Worker, "js-subscribe", url, Length));
            setup.Driver = setup.Track(await WorkerProcess.StartProgramAsync(Worker, role, url, Length));
        });

    private static string Length => BenchmarkSettings.MessageLength.ToString(CultureInfo.InvariantCulture);

    private static async Task<string> StartServerAsync(Setup setup, string? store)
    {
        if (!File.Exists(Worker)) throw new UnavailableException("nats-server or libnats-dev could not be installed, or there is no C compiler");
        var port = Ports.Take();
        string[] arguments =
            ["-a", "127.0.0.1", "-p", port.ToString(CultureInfo.InvariantCulture), "-l", setup.PathOf("nats.log"), .. store is null ? Array.Empty<string>() : ["-js", "-sd", store]];
        var server = Process.Start(new ProcessStartInfo("nats-server", arguments)) ?? throw new UnavailableException("nats-server did not start");
        setup.Keep(new ServerProcess(server));
        setup.ProcessIds.Add(server.Id);
        await Eventually.HoldsAsync("nats-server listens", async () =>
        {
            using var client = new TcpClient();
            await client.ConnectAsync(IPAddress.Loopback, port);
            return true;
        });
        return string.Create(CultureInfo.InvariantCulture, $"nats://127.0.0.1:{port}");
    }

    private sealed class ServerProcess(Process process) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync()
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }
}

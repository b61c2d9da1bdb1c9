using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks;

/// <summary>All measurements, in the order in which the report shows them: baselines first, in the same run.</summary>
internal static class Suite
{
    public static async IAsyncEnumerable<Measurement> RunAsync(BenchmarkSettings settings)
    {
        await using var nodes = new Neighbourhood();
        var fsync = DiskBaseline.MeasureFsync(nodes.Folder);
        yield return new("Baseline: write 4 KiB and fsync", fsync, "ms", "", "p50, on the disk that holds the nodes' data");
        var (echo, echoAlone, echoStream) = await MeasureEchoAsync(settings, nodes.Folder);
        yield return new($"Baseline: unary echo, {BenchmarkSettings.Callers} callers", echo.PerSecond, "calls/s", "", Percentiles(echo));
        yield return new("Baseline: unary echo, 1 caller", echoAlone.P50, "ms", "", $"p50; p99 {Milliseconds(echoAlone.P99)}");
        yield return new("Baseline: batched stream, answered and forgotten", echoStream, "messages/s", "", "");

        yield return new("Start to listening", await MeasureStartAsync(settings), "ms", "≤ 700 ms", $"median of {settings.Starts} first starts");

        var (alice, bob) = nodes.AddPair();
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        await Eventually.PauseAsync((int)settings.WarmUp.TotalMilliseconds);
        yield return new("Idle memory", Math.Max(ReadMemory(alice), ReadMemory(bob)), "MB", "≤ 110 MB", "resident, linked, the larger of two nodes");

        var delivered = await Load.RunAsync(settings, 1, _ => SendAsync(alice, DeliveryState.Delivered));
        yield return new("Send, wait_for DELIVERED, 1 caller", delivered.P50, "ms", "p50 ≤ 5 ms",
            $"p50; p99 {Milliseconds(delivered.P99)}; {Ratio(delivered.P50, (2 * fsync) + echoAlone.P50)} two fsyncs and an echo");

        var accepted = await Load.RunAsync(settings, BenchmarkSettings.Callers, _ => SendAsync(alice, DeliveryState.Accepted));
        yield return new($"Send, ACCEPTED, {BenchmarkSettings.Callers} callers", accepted.PerSecond, "messages/s", "≥ 5,000 /s",
            $"{Percentiles(accepted)}; {Ratio(accepted.PerSecond, echo.PerSecond)} the echo");
        await SettleAsync(alice);

        var streamed = await StreamLoad.RunAsync(settings, alice.Client, bob.Client);
        yield return new("SendStream → the other node's Subscribe, durable on both", streamed, "messages/s", "≥ 100,000 /s",
            $"{Ratio(streamed, echoStream)} the batched stream");
        await SettleAsync(alice);
        yield return new("Memory after the load", Math.Max(ReadMemory(alice), ReadMemory(bob)), "MB", "", "resident, the larger of two nodes");
    }

    private static async Task SendAsync(NodeProcess node, DeliveryState wait)
    {
        var answer = await node.Client.SendAsync("bob", new string('x', BenchmarkSettings.MessageLength), waitFor: wait, limit: TimeSpan.FromSeconds(30));
        if (answer.State < wait) throw new InvalidOperationException($"the answer was {answer.State}");
    }

    private static Task SettleAsync(NodeProcess node) => Eventually.HoldsAsync(
        "everything is delivered",
        async () => (await node.Client.Node.GetNodeAsync(new GetNodeRequest())).Undelivered == 0, TimeSpan.FromMinutes(2));

    private static async Task<double> MeasureStartAsync(BenchmarkSettings settings)
    {
        var times = new List<double>();
        for (var i = 0; i < settings.Starts; i++)
        {
            await using var nodes = new Neighbourhood();
            var node = nodes.Add("alice");
            var started = TimeProvider.System.GetTimestamp();
            var ready = node.StartAsync();
            while (!await ConnectsAsync(node.ListenPort)) await Eventually.PauseAsync(2);
            times.Add(TimeProvider.System.GetElapsedTime(started).TotalMilliseconds);
            await ready;
        }
        return times.Order().ElementAt(times.Count / 2);
    }

    private static async Task<bool> ConnectsAsync(int port)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static async Task<(LoadResult Many, LoadResult Alone, double Stream)> MeasureEchoAsync(BenchmarkSettings settings, string folder)
    {
        var socketPath = Path.Combine(folder, "echo.sock");
        var start = new ProcessStartInfo("dotnet", [typeof(Suite).Assembly.Location, "echo", socketPath]);
        using var server = Process.Start(start) ?? throw new InvalidOperationException("the baseline server did not start");
        try
        {
            await Eventually.HoldsAsync("the baseline server listens", () => Task.FromResult(File.Exists(socketPath)));
            using var client = new NodeClient(socketPath);
            var text = new string('x', BenchmarkSettings.MessageLength);
            var many = await Load.RunAsync(settings, BenchmarkSettings.Callers, _ => client.SendAsync("bob", text));
            var alone = await Load.RunAsync(settings, 1, _ => client.SendAsync("bob", text));
            return (many, alone, await StreamLoad.RunAsync(settings, client, reader: null));
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
        }
    }

    private static double ReadMemory(NodeProcess node)
    {
        var line = File.ReadLines($"/proc/{node.ProcessId}/status").First(line => line.StartsWith("VmRSS:", StringComparison.Ordinal));
        return double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) / 1000 * 1.024;
    }

    private static string Percentiles(LoadResult result) => $"p50 {Milliseconds(result.P50)}, p99 {Milliseconds(result.P99)}";

    private static string Milliseconds(double value) => value.ToString("0.##", CultureInfo.InvariantCulture) + " ms";

    private static string Ratio(double value, double baseline) => (value / baseline).ToString("0.00", CultureInfo.InvariantCulture) + "×";
}

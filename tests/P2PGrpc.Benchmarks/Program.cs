using P2PGrpc.Benchmarks;

// The baseline server is a process of its own, as the nodes are.
if (args is ["echo", var socketPath])
{
    await EchoServer.RunAsync(socketPath);
    return 0;
}

var settings = args is ["--quick"] ? BenchmarkSettings.Quick : BenchmarkSettings.Full;
var measurements = new List<Measurement>();
await foreach (var measurement in Suite.RunAsync(settings))
{
    Console.WriteLine(measurement.ToLine());
    measurements.Add(measurement);
}
var report = await Report.WriteAsync(settings, measurements);
Console.WriteLine($"written to {report}");
return 0;

using System.Globalization;

namespace P2PGrpc.Benchmarks.Measuring;

/// <summary>What a worker said at the end of a round. Times in microseconds, 0 where it noted none.</summary>
internal sealed record WorkerTally(long Count, double Seconds, double P50, double P99, double P999)
{
    public static WorkerTally Parse(string line)
    {
        var values = line.Split(' ').Select(pair => pair.Split('=')).ToDictionary(pair => pair[0], pair => double.Parse(pair[1], CultureInfo.InvariantCulture));
        return new WorkerTally((long)values["count"], values["seconds"], values["p50"], values["p99"], values["p999"]);
    }
}

using System.Globalization;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using P2PGrpc.Benchmarks.Reporting;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.Benchmarks.Micro;

/// <summary>Runs the micro-benchmarks in this process: BenchmarkDotNet would build a project of its own, which this checkout's rules don't suit.</summary>
internal static class MicroRun
{
    public static Outcome Run()
    {
        var config = ManualConfig.CreateEmpty()
            .AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance))
            .AddColumnProvider(BenchmarkDotNet.Columns.DefaultColumnProviders.Instance)
            .AddLogger(NullLogger.Instance)
            .WithArtifactsPath(Path.Combine(Checkout.Root, "artifacts", "micro"));
        var facts = new List<Fact>();
        foreach (var report in BenchmarkRunner.Run<SegmentBenchmarks>(config).Reports)
        {
            if (report.ResultStatistics is not { } statistics) throw new InvalidOperationException($"{report.BenchmarkCase.DisplayInfo} failed");
            var allocated = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0;
            facts.Add(new Fact(report.BenchmarkCase.Descriptor.WorkloadMethod.Name, statistics.Mean / 1000, "µs", string.Create(
                CultureInfo.InvariantCulture, $"a segment of 1000 messages of 100 bytes; ± {statistics.StandardDeviation / 1000:0.##} µs; {allocated:N0} bytes allocated")));
        }
        return Outcome.Of(facts);
    }
}

using HdrHistogram;

namespace P2PGrpc.Benchmarks;

/// <summary>What a load of repeated calls came to.</summary>
/// <param name="PerSecond">Calls in the measured time, by second.</param>
/// <param name="P50">Milliseconds that half of the calls stayed below.</param>
/// <param name="P99">Milliseconds that all but one in a hundred stayed below.</param>
internal sealed record LoadResult(double PerSecond, double P50, double P99);

/// <summary>Repeats a call from several callers, first to warm up and then to count.</summary>
internal static class Load
{
    private const double TicksPerMillisecond = 1000;

    public static async Task<LoadResult> RunAsync(BenchmarkSettings settings, int callers, Func<int, Task> call)
    {
        var time = TimeProvider.System;
        var started = time.GetTimestamp();
        var end = settings.WarmUp + settings.Measured;
        var histograms = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            // Microseconds, up to a minute.
            var histogram = new LongHistogram(60_000_000, 3);
            while (time.GetElapsedTime(started) < end)
            {
                var before = time.GetTimestamp();
                await call(caller);
                if (time.GetElapsedTime(started) >= settings.WarmUp)
                    histogram.RecordValue((long)time.GetElapsedTime(before).TotalMicroseconds);
            }
            return histogram;
        })));
        var all = histograms[0];
        foreach (var histogram in histograms.Skip(1)) all.Add(histogram);
        return new LoadResult(
            all.TotalCount / settings.Measured.TotalSeconds,
            all.GetValueAtPercentile(50) / TicksPerMillisecond,
            all.GetValueAtPercentile(99) / TicksPerMillisecond);
    }
}

using System.Globalization;
using HdrHistogram;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Counts what one worker did, and how long single things took, between a begin and an end. Thread-safe.</summary>
internal sealed class Tally
{
    /// <summary>The histogram holds ticks of 100 ns, up to a minute, with three digits.</summary>
    private const long Longest = 60 * TimeSpan.TicksPerSecond;

    private readonly TimeProvider time = TimeProvider.System;
    private LongConcurrentHistogram latencies = new(1, Longest, 3);
    private long total;
    private long begunTotal;
    private long begunAt;

    public long Total => Interlocked.Read(ref total);

    public void Add(long count) => Interlocked.Add(ref total, count);

    /// <summary>Notes how long something took that began at this timestamp.</summary>
    public void AddLatency(long startedAt) =>
        Volatile.Read(ref latencies).RecordValue(Math.Clamp(time.GetElapsedTime(startedAt).Ticks, 1, Longest));

    public void Begin()
    {
        Volatile.Write(ref latencies, new LongConcurrentHistogram(1, Longest, 3));
        begunTotal = Total;
        begunAt = time.GetTimestamp();
    }

    /// <summary>What happened since the begin, as the line that <see cref="Measuring.WorkerTally"/> reads: times in microseconds.</summary>
    public string End()
    {
        var seconds = time.GetElapsedTime(begunAt).TotalSeconds;
        var count = Total - begunTotal;
        var noted = Volatile.Read(ref latencies);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"count={count} seconds={seconds:F6} noted={noted.TotalCount} p50={At(noted, 50):F1} p99={At(noted, 99):F1} p999={At(noted, 99.9):F1}");
    }

    private static double At(LongConcurrentHistogram noted, double percentile) =>
        noted.TotalCount == 0 ? 0 : noted.GetValueAtPercentile(percentile) / (double)TimeSpan.TicksPerMicrosecond;
}

using System.Globalization;
using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.Benchmarks.Reporting;

namespace P2PGrpc.Benchmarks;

/// <summary>Measures the parts that are asked for, keeps each part's results, and writes the report.</summary>
internal static class BenchmarkRun
{
    private const string GrowthPrefix = "growth-";

    /// <param name="words">--quick, --report (measure nothing), --growth, --history=N, and a word that the names of the parts must contain.</param>
    public static async Task<int> RunAsync(string[] words)
    {
        var settings = words.Contains("--quick") ? BenchmarkSettings.Quick : BenchmarkSettings.Full;
        if (words.FirstOrDefault(word => word.StartsWith("--history=", StringComparison.Ordinal)) is { } history)
            settings = settings with { History = long.Parse(history["--history=".Length..], CultureInfo.InvariantCulture) };
        var only = words.FirstOrDefault(word => !word.StartsWith("--", StringComparison.Ordinal)) ?? "";
        if (words.Contains("--growth") && !only.StartsWith(GrowthPrefix, StringComparison.Ordinal)) only = GrowthPrefix + only;
        if (!words.Contains("--report"))
        {
            var chosen = Parts.Measures.Where(part => part.Key.Contains(only, StringComparison.Ordinal) && (only.Length > 0 || !part.Key.StartsWith(GrowthPrefix, StringComparison.Ordinal))).ToList();
            if (chosen.Count == 0)
            {
                await Console.Error.WriteLineAsync($"bench: no part's name contains '{only}'; there are {string.Join(", ", Parts.Measures.Keys)}");
                return 1;
            }
            foreach (var (name, measure) in chosen) await MeasureAsync(name, measure, settings);
        }
        Console.WriteLine($"written to {await Report.WriteAsync()}");
        return 0;
    }

    private static async Task MeasureAsync(string name, Func<BenchmarkSettings, Task<Outcome>> measure, BenchmarkSettings settings)
    {
        await Console.Error.WriteLineAsync(name);
        var outcome = await measure(settings);
        foreach (var fact in outcome.Facts)
            await Console.Error.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"  {fact.Name}: {fact.Value:0.##} {fact.Unit}"));
        var result = new PartResult(
            name, await Report.DescribeCommitAsync(), TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            settings.Describe(), outcome.Rows, outcome.Facts, outcome.Points);
        await result.SaveAsync();
    }
}

/// <summary>What a part measured: rows, facts or points.</summary>
internal sealed record Outcome(IReadOnlyList<Row> Rows, IReadOnlyList<Fact> Facts, IReadOnlyList<GrowthPoint> Points)
{
    public static Outcome Of(IReadOnlyList<Row> rows) => new(rows, [], []);

    public static Outcome Of(IReadOnlyList<Fact> facts) => new([], facts, []);

    public static Outcome Of(IReadOnlyList<GrowthPoint> points) => new([], [], points);
}

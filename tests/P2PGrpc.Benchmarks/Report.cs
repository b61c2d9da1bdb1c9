using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.Benchmarks;

/// <summary>Writes docs/benchmarks.md.</summary>
internal static class Report
{
    /// <summary>Gives the path that was written.</summary>
    public static async Task<string> WriteAsync(BenchmarkSettings settings, IReadOnlyList<Measurement> measurements)
    {
        var path = Path.Combine(Checkout.Root, "docs", "benchmarks.md");
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Benchmarks

            Written by `make bench`: real processes on one machine, the baselines in the same run. A number says something only beside its baseline: disks and
            processors differ, ratios less so.

            - Machine: {await DescribeMachineAsync()}
            - Commit: {await DescribeCommitAsync()}
            - Date: {TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm} UTC
            - Settings: messages of {BenchmarkSettings.MessageLength} bytes; streams in batches of {BenchmarkSettings.BatchSize}, {BenchmarkSettings.Outstanding} unanswered at most;
              {settings.WarmUp.TotalSeconds:0} s warm-up, {settings.Measured.TotalSeconds:0} s measured; clients on the same machine, over Unix sockets

            | what | measured | promised | remark |
            | --- | --- | --- | --- |

            """);
        foreach (var one in measurements)
            text.Append(CultureInfo.InvariantCulture, $"| {one.Name} | {one.Shown} | {one.Target} | {one.Remark} |\n");
        text.Append("""

            What each number promises:

            - **Start to listening**: from the start of the process, with a new data directory, to the first connection that the peer port takes.
            - **Idle memory**: the resident set of a node that has one link and nothing to do.
            - **Send, wait_for DELIVERED**: the answer means that the message is on both nodes' disks.
            - **Send, ACCEPTED**: the answer means that the message is on the sender's disk; many callers share a commit.
            - **SendStream → Subscribe**: counted where the other node's subscriber reads; each message is on both disks by then.

            """);
        await File.WriteAllTextAsync(path, text.ToString());
        return Path.GetRelativePath(Checkout.Root, path);
    }

    private static async Task<string> DescribeMachineAsync()
    {
        var processor = (await File.ReadAllLinesAsync("/proc/cpuinfo"))
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor";
        return $"{processor}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";
    }

    private static async Task<string> DescribeCommitAsync()
    {
        var commit = await Command.RunAsync("git", ["rev-parse", "--short=12", "HEAD"]);
        var changes = await Command.RunAsync("git", ["status", "--porcelain", "--", "src", "protos"]);
        return commit.Output.Trim() + (changes.Output.Length > 0 ? ", with changes" : "");
    }
}

using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.Benchmarks.Reporting;

/// <summary>Writes docs/benchmarks.md from the results of all parts that were ever measured.</summary>
internal static class Report
{
    /// <summary>Gives the path that was written, relative to the checkout.</summary>
    public static async Task<string> WriteAsync()
    {
        var parts = PartResult.LoadAll();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            # Benchmarks

            Written by `make bench`: real processes on one machine, and the same work done by what people would pick instead, taking turns in the same run.
            A number says something only beside those of its own table: disks and processors differ, and a machine drifts within the hour; ratios less so.

            - Machine: {await DescribeMachineAsync()}
            - Versions: {await DescribeVersionsAsync()}
            - Messages: {BenchmarkSettings.MessageLength} bytes of text unless the row says otherwise; batches of {BenchmarkSettings.BatchSize}, {BenchmarkSettings.Outstanding} unanswered at most

            """);
        AppendTargets(text, new Findings(parts));
        foreach (var part in parts) await AppendPartAsync(text, part);
        AppendExplanation(text);
        var path = Path.Combine(Checkout.Root, "docs", "benchmarks.md");
        await File.WriteAllTextAsync(path, text.ToString());
        return Path.GetRelativePath(Checkout.Root, path);
    }

    public static async Task<string> DescribeCommitAsync()
    {
        var commit = await Command.RunAsync("git", ["rev-parse", "--short=12", "HEAD"]);
        var changes = await Command.RunAsync("git", ["status", "--porcelain", "--", "src", "protos"]);
        return commit.Output.Trim() + (changes.Output.Length > 0 ? ", with changes" : "");
    }

    private static void AppendTargets(StringBuilder text, Findings findings)
    {
        text.Append("""

            ## Targets

            Set for two cores, 100-byte messages, TLS 1.3 between the nodes; durable means fsynced on both nodes before it is acknowledged.

            | work | target | reached | to reach | |
            | --- | --- | --- | --- | --- |

            """);
        foreach (var target in Targets.All) text.Append(target.ToLine(findings)).Append('\n');
    }

    private static async Task AppendPartAsync(StringBuilder text, PartResult part)
    {
        text.Append(CultureInfo.InvariantCulture, $"\n## {Title(part.Part)}\n\nCommit {part.Commit}, {part.Date} UTC{(part.Facts.Count > 0 ? "" : "; " + part.Settings)}.\n\n");
        if (part.Rows.Count > 0) AppendRows(text, part.Rows);
        if (part.Facts.Count > 0)
        {
            text.Append("| what | measured | remark |\n| --- | --- | --- |\n");
            foreach (var fact in part.Facts)
                text.Append(CultureInfo.InvariantCulture, $"| {fact.Name} | {Number(fact.Value)} {fact.Unit} | {fact.Remark} |\n");
        }
        if (part.Points.Count == 0) return;
        text.Append("| curve | at | value |\n| --- | --- | --- |\n");
        foreach (var point in part.Points)
            text.Append(CultureInfo.InvariantCulture, $"| {point.Curve} | {point.At:N0} | {Number(point.Value)} |\n");
        foreach (var plot in await Plots.DrawAsync(part))
            text.Append(CultureInfo.InvariantCulture, $"\n![{Title(part.Part)}](benchmarks/{plot})\n");
    }

    private static void AppendRows(StringBuilder text, IReadOnlyList<Row> rows)
    {
        var first = rows.FirstOrDefault(row => row.Missing.Length == 0);
        text.Append("""
            | who | rate /s | × first | p50 | p99 | p99.9 | CPU µs each | peak memory, MB | disk, bytes each | wire, bytes each | counted when |
            | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |

            """);
        foreach (var row in rows)
        {
            text.Append(row.Missing.Length > 0
                ? $"| {row.Name} | skipped: {row.Missing} | | | | | | | | | {row.Promise} |\n"
                : string.Create(CultureInfo.InvariantCulture, $"""
                    | {row.Name} | {Number(row.Rate)} | {row.Rate / first!.Rate:0.00} | {Time(row.P50)} | {Time(row.P99)} | {Time(row.P999)} | {Number(row.Processor)} | {Number(row.Memory / 1e6)} | {Number(row.Disk)} | {Number(row.Wire)} | {row.Promise} |

                    """));
        }
    }

    private static void AppendExplanation(StringBuilder text) => text.Append("""

        ## What the numbers are

        - **Rate** is counted where the last column says; the medians of the rounds, each number its own.
        - **p50, p99, p99.9** of a stream are those of a batch's answer, of a unary call those of the call, of a round trip those of the whole round.
        - **CPU** is user and system time of *all* processes that take part, drivers and readers too, from /proc.
        - **Peak memory** is the sum of the peaks of all processes. **Disk** is what the folder of the data grew by, **wire** what went over the loopback:
          Unix sockets are not in it, every TCP hop is (NATS has two, a link between nodes one).
        - **Who fsyncs**: P2PGrpc on both nodes before a message is acknowledged to the sending node or shown to a reader; JetStream by default every two minutes, so what it acknowledged can be
          lost with the machine's power; with `chattr +S` on its store each of its writes reaches the disk first. The other alternatives store nothing.
        - **Who proves what**: P2PGrpc's links are TLS 1.3 with both sides authenticated, and each batch is signed and checked. The bare streams over TLS only encrypt. Proto.Remote, NetMQ and NATS run in clear.
        - **Ephemeral**: the producer stays at most 32,768 messages ahead of its consumer, which says now and then how many it got; Proto.Remote is held back in the same way.
        - **Nodes** run with `--quiet`: without it a node also prints each message that it receives, which is one more reader than the others have.
        - **Start to listening**: from the start of the process to the first connection that the peer port takes.

        """);

    private static string Title(string part) => part switch
    {
        "durable" => "Durable streams",
        "ephemeral" => "Ephemeral streams",
        "roundtrip" => "Round trips",
        "unary" => "Unary calls",
        "nodes" => "Nodes: starting, memory, catching up",
        "conversations" => "History and search in a conversation of a million messages",
        "micro" => "Single operations, in process (BenchmarkDotNet)",
        "growth-size" => "Growth: message size",
        "growth-links" => "Growth: links",
        "growth-logs" => "Growth: logs",
        "growth-history" => "Growth: history",
        "growth-subscribers" => "Growth: subscribers",
        _ => part,
    };

    private static string Time(double microseconds) => microseconds switch
    {
        0 => "–",
        < 1000 => microseconds.ToString("0", CultureInfo.InvariantCulture) + " µs",
        _ => (microseconds / 1000).ToString("0.00", CultureInfo.InvariantCulture) + " ms",
    };

    private static string Number(double value) =>
        value.ToString(Math.Abs(value) >= 1000 ? "N0" : Math.Abs(value) >= 10 ? "0.#" : "0.##", CultureInfo.InvariantCulture);

    private static async Task<string> DescribeMachineAsync()
    {
        var processor = (await File.ReadAllLinesAsync("/proc/cpuinfo"))
            .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor";
        return $"{processor}, {Environment.ProcessorCount} cores, {RuntimeInformation.OSDescription}, {RuntimeInformation.FrameworkDescription}";
    }

    private static async Task<string> DescribeVersionsAsync()
    {
        var packages = await Command.RunAsync("dpkg-query", ["--show", "--showformat=${Package} ${Version}, ", "nats-server", "libnats-dev"]);
        return packages.Output +
            $"grpc-dotnet {Version(typeof(Grpc.Net.Client.GrpcChannel))}, Proto.Remote {Version(typeof(Proto.Remote.RemoteConfig))}, NetMQ {Version(typeof(NetMQ.NetMQConfig))}";
    }

    private static string Version(Type type) => System.Diagnostics.FileVersionInfo.GetVersionInfo(type.Assembly.Location).FileVersion ?? "?";
}

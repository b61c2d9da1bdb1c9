using System.CommandLine;
using System.Globalization;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Upkeep;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc verify [PATH]</c>: recomputes every hash, signature and chain of a node or a backup.</summary>
internal static class VerifyCommand
{
    private const int LongestFault = 400;

    /// <summary>Faults that are shown: a database in pieces has thousands, and they say no more.</summary>
    private const ulong ShownFaults = 100;

    public static Command Create(Surroundings surroundings)
    {
        var path = new Argument<string?>("path")
        {
            Description = "A data directory, a backup, or a database file [default: the data directory that --data names]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var json = JsonOption.Create();
        var command = new Command("verify", "Verifies every hash, signature and chain of a node's messages. Changes nothing; the node may run.") { path, json };
        var data = DataOption.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                var place = parsed.GetValue(path) ?? data.Find(parsed, surroundings);
                var asJson = parsed.GetValue(json);
                var found = 0ul;
                VerificationReport report;
                using (var progress = new ProgressLine(surroundings, "verified"))
                    report = await LocalWork.RunAsync(() => NodeFiles.Verify(place, progress.Show, Show, cancellationToken));
                var hasKey = File.Exists(Path.Combine(place, "identity.key"));
                var isBackup = NodeFiles.IsBackup(place) || (Directory.Exists(place) && !hasKey);
                surroundings.Write(asJson ? UpkeepLines.Verified(report) : Describe(report, isBackup));
                // A copy of a directory is as good as a backup for a start, but 'restore' knows it by nothing.
                if (!asJson && !isBackup && hasKey && !File.Exists(Path.Combine(place, "lock")))
                    surroundings.Write("There is no backup.json, so it was looked at as a node's directory. 'p2pgrpc restore' takes only what has one.");
                return report.Faults == 0 ? ExitCodes.Success : ExitCodes.Failure;

                void Show(string fault)
                {
                    if (asJson)
                        surroundings.Write(UpkeepLines.Fault(fault));
                    else if (++found <= ShownFaults)
                        surroundings.Write(new StyledLine().Add(DisplayText.Clean(fault, LongestFault), StyledLine.Alarm));
                }
            },
            cancellationToken));
        return command;
    }

    private static string Describe(VerificationReport report, bool isBackup)
    {
        var erased = report.Erased > 0 ? string.Create(CultureInfo.InvariantCulture, $" ({report.Erased} of them erased but for their headers)") : "";
        var counted = string.Create(CultureInfo.InvariantCulture, $"{report.Messages} messages in {report.Segments} segments{erased} of {report.Logs} logs");
        return report.Faults == 0
            ? $"{counted}: all whole"
            : string.Create(CultureInfo.InvariantCulture, $"{counted}: {report.Faults} {(report.Faults == 1 ? "fault" : "faults")}{(report.Faults > ShownFaults ? $", of which {ShownFaults} are shown" : "")}. ")
                + Advise(report, isBackup);
    }

    private static string Advise(VerificationReport report, bool isBackup) => (isBackup, report.StructureFaults > 0) switch
    {
        (true, _) => "Take another backup, of a node whose own directory is whole.",
        (false, true) => "The tables themselves are damaged, which nothing that peers hold can mend: stop the node and restore a backup; or move the database and its -wal file away and start with an "
            + "empty one: peers send again what they hold.",
        _ => "What is damaged is never served. A node that runs fetches it again from linked peers; what they don't hold is in a backup, or lost.",
    };
}

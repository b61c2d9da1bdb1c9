using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc reload</c>: has a node read its configuration file anew.</summary>
internal static class ReloadCommand
{
    private const int LongestLine = 400;

    public static Command Create(Surroundings surroundings) => NodeCall.Complete(
        surroundings,
        new Command("reload", "Has the node read its configuration file anew: peers, admission, quotas and how long messages are kept change at once."),
        async (call, cancellationToken) =>
        {
            var answer = await call.Client.Node.ReloadAsync(new ReloadRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
            if (call.Json)
                surroundings.Write(UpkeepLines.Reloaded(answer));
            else
                foreach (var line in Describe(answer))
                    surroundings.Write(line);
        });

    /// <summary>What a reload has done, in lines for people.</summary>
    public static IEnumerable<string> Describe(ReloadResponse answer)
    {
        foreach (var applied in answer.Applied)
            yield return DisplayText.Clean($"applied: {applied}", LongestLine);
        foreach (var hint in answer.Hints)
            yield return DisplayText.Clean($"not followed: {hint}", LongestLine);
        if (answer.NeedsRestart.Count > 0)
            yield return DisplayText.Clean($"needs a restart: {string.Join(", ", answer.NeedsRestart)}", LongestLine);
        if (answer is { Applied.Count: 0, Hints.Count: 0, NeedsRestart.Count: 0 })
            yield return "nothing has changed";
    }
}

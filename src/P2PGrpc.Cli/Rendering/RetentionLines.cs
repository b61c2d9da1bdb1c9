using System.Globalization;
using P2PGrpc.Cli.Commands;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Rendering;

/// <summary>How long a conversation is kept, for people.</summary>
internal static class RetentionLines
{
    private const int LongestName = 80;

    public static IEnumerable<string> Create(Retention retention)
    {
        yield return $"conversation  {DisplayText.Clean(retention.Conversation, LongestName)}";
        yield return "kept for      " + (retention.HasKeepDays ? Days(retention.KeepDays)
            : retention.HasNodeKeepDays ? $"{Days(retention.NodeKeepDays)}, as the node keeps others" : "ever");
        yield return "kept bytes    " + (retention.HasKeepBytes ? ByteCounts.Describe(retention.KeepBytes) : "no limit of its own")
            + (retention.HasNodeKeepBytes ? $"; all conversations together {ByteCounts.Describe(retention.NodeKeepBytes)}" : "");
        if (retention.HasHeldBytes)
            yield return $"held bytes    {ByteCounts.Describe(retention.HeldBytes)}";
    }

    private static string Days(uint days) => days == 1 ? "1 day of running" : string.Create(CultureInfo.InvariantCulture, $"{days} days of running");
}

using System.Text.RegularExpressions;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>What the documents of this checkout name.</summary>
internal static partial class Documents
{
    /// <summary>The metrics in the tables of observability.md, by their names in OpenTelemetry, with kind and unit.</summary>
    public static IReadOnlyList<string> ReadMetrics() => [.. Metric().Matches(Read("observability.md")).Select(match => $"{match.Groups[1].Value}: {match.Groups[2].Value}")];

    /// <summary>The reasons in the tables of operations.md.</summary>
    public static IReadOnlySet<string> ReadReasons() =>
        Reason().Matches(Read("operations.md")).SelectMany(match => match.Groups[1].Captures, (_, reason) => reason.Value).ToHashSet(StringComparer.Ordinal);

    /// <summary>The log events in the table of operations.md, with their levels.</summary>
    public static IReadOnlyList<(int Id, string Levels)> ReadLogEvents() =>
        [.. LogEvent().Matches(Read("operations.md")).Select(match => (int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture), match.Groups[2].Value))];

    private static string Read(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, "P2PGrpc.sln")))
                return File.ReadAllText(Path.Combine(folder.FullName, "docs", name));
        throw new InvalidOperationException("P2PGrpc.sln was not found above " + AppContext.BaseDirectory);
    }

    [GeneratedRegex(@"^\| `((?:p2pgrpc|rpc|http)\.[a-z._]+)` \| `[a-z0-9_]+` \| ([A-Za-z{}, ]+) \|", RegexOptions.Multiline)]
    private static partial Regex Metric();

    [GeneratedRegex(@"^\| (?:`([A-Z_]+)`(?:, )?)+ \|", RegexOptions.Multiline)]
    private static partial Regex Reason();

    [GeneratedRegex(@"^\| (1\d{3}) \| ([a-z, ]+) \|", RegexOptions.Multiline)]
    private static partial Regex LogEvent();
}

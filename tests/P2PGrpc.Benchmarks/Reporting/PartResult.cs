using System.Text.Json;
using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.Benchmarks.Reporting;

/// <summary>What a part came to, kept as a file beside the report, so that a part can be measured alone and the report still shows all.</summary>
/// <param name="Part">Its name.</param>
/// <param name="Commit">The code that was measured.</param>
/// <param name="Date">When.</param>
/// <param name="Settings">How long.</param>
/// <param name="Rows">Contenders that took turns.</param>
/// <param name="Facts">Single numbers.</param>
/// <param name="Points">Numbers that grow with something.</param>
internal sealed record PartResult(
    string Part, string Commit, string Date, string Settings, IReadOnlyList<Row> Rows, IReadOnlyList<Fact> Facts, IReadOnlyList<GrowthPoint> Points)
{
    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true };

    public static string Folder { get; } = Path.Combine(Checkout.Root, "docs", "benchmarks");

    public static IReadOnlyList<PartResult> LoadAll() => Directory.Exists(Folder)
        ? [.. Directory.EnumerateFiles(Folder, "*.json").Order(StringComparer.Ordinal).Select(path => JsonSerializer.Deserialize<PartResult>(File.ReadAllText(path))!)]
        : [];

    public async Task SaveAsync()
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(Path.Combine(Folder, $"{Part}.json"), JsonSerializer.Serialize(this, Options) + "\n");
    }
}

/// <summary>A single number, such as the time until a node listens.</summary>
/// <param name="Name">What it is; one of a kind within its part.</param>
/// <param name="Value">The number.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Remark">How it was got.</param>
internal sealed record Fact(string Name, double Value, string Unit, string Remark);

/// <summary>One point of a curve.</summary>
/// <param name="Curve">Which curve, with the unit of its values.</param>
/// <param name="At">What grows: bytes, links, logs, messages, subscribers.</param>
/// <param name="Value">The number there.</param>
internal sealed record GrowthPoint(string Curve, double At, double Value);

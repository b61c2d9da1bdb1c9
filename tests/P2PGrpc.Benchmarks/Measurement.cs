using System.Globalization;

namespace P2PGrpc.Benchmarks;

/// <summary>One number, and what it stands beside.</summary>
/// <param name="Name">What was measured.</param>
/// <param name="Value">The number.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Target">What is promised, empty for a baseline.</param>
/// <param name="Remark">Percentiles, settings, the ratio to the baseline.</param>
internal sealed record Measurement(string Name, double Value, string Unit, string Target, string Remark)
{
    public string Shown => Value.ToString(Value >= 100 ? "N0" : "0.##", CultureInfo.InvariantCulture) + " " + Unit;

    public string ToLine() => $"{Name}: {Shown}{(Remark.Length > 0 ? $" ({Remark})" : "")}";
}

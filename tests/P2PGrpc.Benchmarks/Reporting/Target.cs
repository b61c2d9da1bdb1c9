using System.Globalization;
using P2PGrpc.Benchmarks.Measuring;

namespace P2PGrpc.Benchmarks.Reporting;

/// <summary>One thing that was aimed at, and how to find out whether it was reached.</summary>
/// <param name="Work">What is done.</param>
/// <param name="Aim">The number to reach, in words.</param>
/// <param name="Compute">The number reached, and the one to reach; NaN where one is missing.</param>
/// <param name="IsAtMost">True if less is better.</param>
/// <param name="Unit">The unit of both.</param>
internal sealed record Target(string Work, string Aim, Func<Findings, (double Reached, double Limit)> Compute, bool IsAtMost, string Unit)
{
    public string ToLine(Findings findings)
    {
        var (reached, limit) = Compute(findings);
        var verdict = double.IsNaN(reached) || double.IsNaN(limit)
            ? "not measured"
            : (IsAtMost ? reached <= limit : reached >= limit) ? "met" : "**not met**";
        return $"| {Work} | {Aim} | {Show(reached)} | {Show(limit)} | {verdict} |";
    }

    private string Show(double value) =>
        double.IsNaN(value) ? "–" : value.ToString(value >= 1000 ? "N0" : value >= 10 ? "0.#" : "0.00", CultureInfo.InvariantCulture) + " " + Unit;
}

/// <summary>The numbers of all parts, by name.</summary>
internal sealed class Findings(IReadOnlyList<PartResult> parts)
{
    public double Rate(string name) => Of(name, row => row.Rate);

    /// <summary>Milliseconds.</summary>
    public double P50(string name) => Of(name, row => row.P50 / 1000);

    public double Processor(string name) => Of(name, row => row.Processor);

    public double Fact(string name) => parts.SelectMany(part => part.Facts).FirstOrDefault(fact => fact.Name == name)?.Value ?? double.NaN;

    private double Of(string name, Func<Row, double> value) =>
        parts.SelectMany(part => part.Rows).FirstOrDefault(row => row.Name == name && row.Missing.Length == 0) is { } row ? value(row) : double.NaN;
}

using ScottPlot;

namespace P2PGrpc.Benchmarks.Reporting;

/// <summary>Draws the curves of a part on a logarithmic axis of what grows, one picture a curve: their units differ.</summary>
internal static class Plots
{
    private const int Width = 800;
    private const int Height = 400;

    /// <summary>Gives the names of the files in the folder of the results.</summary>
    public static async Task<IReadOnlyList<string>> DrawAsync(PartResult part)
    {
        var names = new List<string>();
        foreach (var curve in part.Points.GroupBy(point => point.Curve))
        {
            using var plot = new Plot();
            var points = curve.OrderBy(point => point.At).ToList();
            var line = plot.Add.Scatter(
                points.Select(point => Math.Log10(Math.Max(1, point.At))).ToArray(), points.Select(point => point.Value).ToArray());
            line.LegendText = curve.Key;
            plot.Axes.Bottom.SetTicks(
                points.Select(point => Math.Log10(Math.Max(1, point.At))).ToArray(), points.Select(point => point.At.ToString("N0")).ToArray());
            plot.Axes.SetLimitsY(0, points.Max(point => point.Value) * 1.2);
            plot.Title(curve.Key);
            plot.XLabel(part.Part["growth-".Length..]);
            var name = $"{part.Part}-{names.Count + 1}.svg";
            await File.WriteAllTextAsync(Path.Combine(PartResult.Folder, name), plot.GetSvgXml(Width, Height));
            names.Add(name);
        }
        return names;
    }
}

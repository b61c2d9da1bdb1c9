namespace P2PGrpc.Benchmarks.Measuring;

/// <summary>What was measured of one contender: medians over the rounds. NaN or 0 where it does not apply.</summary>
/// <param name="Name">The contender's name.</param>
/// <param name="Promise">What a counted message means.</param>
/// <param name="Rate">Messages (or calls) a second.</param>
/// <param name="P50">Microseconds.</param>
/// <param name="P99">Microseconds.</param>
/// <param name="P999">Microseconds.</param>
/// <param name="Processor">Microseconds of processor time per message, all processes together.</param>
/// <param name="Memory">Bytes, the peak of all processes together.</param>
/// <param name="Disk">Bytes by which the folder of its data grew per message.</param>
/// <param name="Wire">Bytes over the loopback per message.</param>
/// <param name="Missing">Why there is nothing, or empty.</param>
internal sealed record Row(
    string Name, string Promise, double Rate, double P50, double P99, double P999, double Processor, double Memory, double Disk, double Wire, string Missing = "")
{
    public static Row Without(string name, string promise, string reason) => new(name, promise, 0, 0, 0, 0, 0, 0, 0, 0, reason);

    /// <summary>Each number's own median.</summary>
    public static Row Median(IReadOnlyList<Row> rounds) => rounds[0] with
    {
        Rate = Median(rounds, row => row.Rate),
        P50 = Median(rounds, row => row.P50),
        P99 = Median(rounds, row => row.P99),
        P999 = Median(rounds, row => row.P999),
        Processor = Median(rounds, row => row.Processor),
        Memory = rounds.Max(row => row.Memory),
        Disk = Median(rounds, row => row.Disk),
        Wire = Median(rounds, row => row.Wire),
    };

    private static double Median(IReadOnlyList<Row> rounds, Func<Row, double> value) => rounds.Select(value).Order().ElementAt(rounds.Count / 2);
}

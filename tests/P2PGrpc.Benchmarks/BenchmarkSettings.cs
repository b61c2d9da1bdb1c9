namespace P2PGrpc.Benchmarks;

/// <summary>How long and how much is measured.</summary>
/// <param name="WarmUp">Load of each contender before anything counts: the compilers and caches settle in it. Rates still rise after eight seconds.</param>
/// <param name="Settle">Load before each later round.</param>
/// <param name="Measured">How long is counted in each round.</param>
/// <param name="Rounds">How often the contenders take turns; the medians are reported.</param>
/// <param name="Starts">How many starts are timed.</param>
/// <param name="History">How many messages are stored before the start with history is timed.</param>
/// <param name="Absence">How many messages wait for the node that was away.</param>
internal sealed record BenchmarkSettings(
    TimeSpan WarmUp, TimeSpan Settle, TimeSpan Measured, int Rounds, int Starts, long History, long Absence)
{
    /// <summary>Bytes of text in each message unless the row says otherwise.</summary>
    public const int MessageLength = 100;

    /// <summary>Messages in one request of SendStream, or of SendBatchAsync.</summary>
    public const int BatchSize = 1000;

    /// <summary>Requests of a stream that may be unanswered at a time.</summary>
    public const int Outstanding = 16;

    /// <summary>Messages in a frame of the bare streams.</summary>
    public const int FrameSize = 256;

    /// <summary>Callers of the unary Send at a time.</summary>
    public const int Callers = 64;

    public static BenchmarkSettings Full { get; } = new(
        TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), 3, 9, 10_000_000, 1_000_000);

    /// <summary>To see that all of it runs; the numbers mean little.</summary>
    public static BenchmarkSettings Quick { get; } = new(
        TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(0.3), TimeSpan.FromSeconds(1), 1, 3, 100_000, 50_000);

    public string Describe() => string.Create(
        System.Globalization.CultureInfo.InvariantCulture,
        $"{WarmUp.TotalSeconds:0.#} s warm-up, then {Rounds} rounds of {Measured.TotalSeconds:0.#} s each, taking turns");
}

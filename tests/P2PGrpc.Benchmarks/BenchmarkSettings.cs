namespace P2PGrpc.Benchmarks;

/// <summary>How long and how much is measured.</summary>
/// <param name="WarmUp">Load before anything counts: the compilers and caches settle in it.</param>
/// <param name="Measured">How long is counted.</param>
/// <param name="Starts">How many starts are timed.</param>
internal sealed record BenchmarkSettings(TimeSpan WarmUp, TimeSpan Measured, int Starts)
{
    /// <summary>Bytes of text in each message.</summary>
    public const int MessageLength = 100;

    /// <summary>Messages in one request of a stream.</summary>
    public const int BatchSize = 1000;

    /// <summary>Requests of a stream that may be unanswered at a time.</summary>
    public const int Outstanding = 16;

    /// <summary>Callers of the unary Send at a time.</summary>
    public const int Callers = 64;

    public static BenchmarkSettings Full { get; } = new(TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(15), 9);

    /// <summary>To see that all of it runs; the numbers mean little.</summary>
    public static BenchmarkSettings Quick { get; } = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2), 3);
}

namespace P2PGrpc.Cli;

/// <summary>What a signal to end means: the first ends the command in order, and one that comes a while later ends the process at once, for somebody who waits no longer.
/// In between none counts: supervisors signal the process and its group, so that one wish comes twice. Thread-safe.</summary>
internal sealed class EndSignals(TimeProvider time)
{
    /// <summary>Far longer than signals of one wish are apart, and shorter than anybody's patience.</summary>
    private static readonly TimeSpan OneWish = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private long? firstAt;

    public EndSignal Take()
    {
        lock (gate)
        {
            if (firstAt is { } first)
                return time.GetElapsedTime(first) < OneWish ? EndSignal.Repeated : EndSignal.Impatient;
            firstAt = time.GetTimestamp();
            return EndSignal.First;
        }
    }
}

/// <summary>Which one a signal is.</summary>
internal enum EndSignal
{
    /// <summary>The command is to end.</summary>
    First,

    /// <summary>The same wish once more: nothing is to be done.</summary>
    Repeated,

    /// <summary>The process is to end at once.</summary>
    Impatient,
}

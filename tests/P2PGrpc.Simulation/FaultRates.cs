namespace P2PGrpc.Simulation;

/// <summary>What goes wrong in a simulated run.</summary>
internal enum FaultKind
{
    /// <summary>A connection is reset; each side notices at a time of its own.</summary>
    Break,

    /// <summary>A process is killed, and started again a while later.</summary>
    Crash,

    /// <summary>Two nodes can't connect for a while.</summary>
    Partition,

    /// <summary>A disk takes nothing for a while.</summary>
    FullDisk,

    /// <summary>A flush fails: what was written may be on disk or not.</summary>
    FlushError,

    /// <summary>The next read of a log or of a conversation's heads fails.</summary>
    ReadError,

    /// <summary>One direction of a connection stands still for a while; nothing is lost.</summary>
    Stall,

    /// <summary>One direction of a connection loses everything, until the keep-alive ends the connection.</summary>
    HalfOpen,

    /// <summary>Two nodes connect a second time while the first connection lives.</summary>
    DoubleDial,

    /// <summary>A node's owner leaves its conversations for a while, with the links up.</summary>
    Leave,

    /// <summary>The wall clock of a node jumps by up to 400 days.</summary>
    ClockJump,

    /// <summary>A stored segment's bits flip, where another node still holds it.</summary>
    Damage,

    /// <summary>An older database is put back in place of a node's own.</summary>
    Restore,

    /// <summary>A node erases bodies that it need not keep: its own only where another holds them.</summary>
    Erase,
}

/// <summary>The mean time between faults of each kind that a run has.</summary>
internal sealed class FaultRates
{
    private readonly SortedDictionary<FaultKind, TimeSpan> means = [];

    public static FaultRates None { get; } = new();

    public bool Any => means.Count > 0;

    /// <summary>Null: the run has no such faults.</summary>
    public TimeSpan? this[FaultKind kind] => means.TryGetValue(kind, out var mean) ? mean : null;

    /// <summary>A fifth of the runs has none; the others have half of all kinds each. What a restored database forgot is gone for good where nobody else
    /// holds it, so damage, which needs another copy, never comes with it.</summary>
    public static FaultRates Draw(Random random)
    {
        var rates = new FaultRates();
        var any = random.Next(5) > 0;
        foreach (var kind in Enum.GetValues<FaultKind>())
        {
            var drawn = random.Next(kind == FaultKind.Restore ? 5 : 2) == 0;
            var mean = TimeSpan.FromMilliseconds(random.Next(200, 4000));
            if (any && drawn)
                rates.means.Add(kind, mean);
        }

        if (rates.means.ContainsKey(FaultKind.Restore))
            rates.means.Remove(FaultKind.Damage);

        // What comes back from others after damage, or after a restored database, may have been erased there.
        if (rates.means.ContainsKey(FaultKind.Damage) || rates.means.ContainsKey(FaultKind.Restore))
            rates.means.Remove(FaultKind.Erase);
        return rates;
    }

    public override string ToString() =>
        Any ? string.Join(", ", means.Select(mean => $"{mean.Key} every {mean.Value.TotalMilliseconds} ms")) : "none";
}

namespace P2PGrpc.Node.Links;

/// <summary>Bounds how often the owner is told of knocks: identities cost a stranger nothing, and the list of knocks has all that matters.
/// At most ten in a minute. Thread-safe.</summary>
internal sealed class KnockAnnouncements(TimeProvider time)
{
    private const int Most = 10;

    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private long beganAt = time.GetTimestamp();
    private int made;

    /// <summary>True if one more may be made now.</summary>
    public bool TryTake()
    {
        lock (gate)
        {
            if (time.GetElapsedTime(beganAt) >= Window)
            {
                beganAt = time.GetTimestamp();
                made = 0;
            }

            return made++ < Most;
        }
    }
}

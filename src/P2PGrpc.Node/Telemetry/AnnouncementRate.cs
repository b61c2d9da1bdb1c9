namespace P2PGrpc.Node.Telemetry;

/// <summary>Bounds how often the owner is told of what others can cause at will: so many announcements in each stretch of time, the others go
/// unsaid. Thread-safe.</summary>
internal sealed class AnnouncementRate(int most, TimeSpan stretch, TimeProvider time)
{
    private readonly Lock gate = new();
    private long beganAt = time.GetTimestamp();
    private int made;

    /// <summary>True if one more may be made now.</summary>
    public bool TryTake()
    {
        lock (gate)
        {
            if (time.GetElapsedTime(beganAt) >= stretch)
            {
                beganAt = time.GetTimestamp();
                made = 0;
            }

            return made++ < most;
        }
    }
}

namespace P2PGrpc.Client;

/// <summary>Recipients of an outbox that the node refused, and when each is tried again. Used by one loop; after a restart all are tried at once.</summary>
internal sealed class RefusedRecipients(TimeProvider time)
{
    /// <summary>The longest pause: who is unknown today may be added by its owner at any time.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>They become parameters of a query. Beyond that many, messages to further ones are read and passed over.</summary>
    private const int MostListed = 500;

    private readonly Dictionary<string, Refusal> recipients = new(StringComparer.Ordinal);

    /// <summary>How long nothing is sent to it.</summary>
    public TimeSpan Add(string recipient)
    {
        var refusal = Find(recipient);
        var pause = refusal.Delay.Next();
        refusal.Until = time.GetUtcNow() + pause;
        return pause;
    }

    /// <summary>How often one message to it failed for what may be its own fault. The first to each recipient is tried alone, so one is counted at a time.</summary>
    public int CountFailure(string recipient, long sequence)
    {
        var refusal = Find(recipient);
        refusal.Failures = refusal.Sequence == sequence ? refusal.Failures + 1 : 1;
        refusal.Sequence = sequence;
        return refusal.Failures;
    }

    public void Remove(string recipient) => recipients.Remove(recipient);

    /// <summary>Whether nothing is sent to it now.</summary>
    public bool Contains(string recipient) => recipients.TryGetValue(recipient, out var known) && time.GetUtcNow() < known.Until;

    public IReadOnlyList<string> List() => [.. recipients.Keys.Where(Contains).Take(MostListed)];

    private Refusal Find(string recipient)
    {
        if (!recipients.TryGetValue(recipient, out var refusal))
            recipients[recipient] = refusal = new Refusal(new GrowingDelay(ClientLimits.LongestDelay, LongestPause));
        return refusal;
    }

    private sealed class Refusal(GrowingDelay delay)
    {
        public GrowingDelay Delay => delay;

        public DateTimeOffset Until { get; set; }

        public long Sequence { get; set; }

        public int Failures { get; set; }
    }
}

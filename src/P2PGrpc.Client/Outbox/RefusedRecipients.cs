namespace P2PGrpc.Client;

/// <summary>Recipients of an outbox that the node refused, and when each is tried again. Used by one loop; after a restart all are tried at once.</summary>
internal sealed class RefusedRecipients(TimeProvider time)
{
    /// <summary>The longest pause: who is unknown today may be added by its owner at any time.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(1);

    /// <summary>They become parameters of a query. Beyond that many, messages to further ones are read and passed over.</summary>
    private const int MostListed = 500;

    private readonly Dictionary<string, (DateTimeOffset Until, GrowingDelay Delay)> recipients = new(StringComparer.Ordinal);

    /// <summary>How long nothing is sent to it.</summary>
    public TimeSpan Add(string recipient)
    {
        var delay = recipients.TryGetValue(recipient, out var known) ? known.Delay : new GrowingDelay(ClientLimits.LongestDelay, LongestPause);
        var pause = delay.Next();
        recipients[recipient] = (time.GetUtcNow() + pause, delay);
        return pause;
    }

    public void Remove(string recipient) => recipients.Remove(recipient);

    /// <summary>Whether nothing is sent to it now.</summary>
    public bool Contains(string recipient) => recipients.TryGetValue(recipient, out var known) && time.GetUtcNow() < known.Until;

    public IReadOnlyList<string> List() => [.. recipients.Keys.Where(Contains).Take(MostListed)];
}

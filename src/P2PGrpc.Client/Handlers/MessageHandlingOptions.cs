using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>How the handlers of a client get their messages. Validated when the host starts.</summary>
public sealed class MessageHandlingOptions
{
    /// <summary>The longest name of a consumer, as the node limits it.</summary>
    internal const int ConsumerLength = 64;

    /// <summary>
    /// The name under which the node remembers how far these handlers are: <c>[a-z][a-z0-9_.-]{0,63}</c>. One process at a time may use it at one node. Default:
    /// made of the application's name.
    /// </summary>
    public string? Consumer { get; set; }

    /// <summary>Where a consumer begins that the node does not know yet. Unspecified (the default): at the end, with what comes from now on.</summary>
    public StartAt StartAt { get; set; }

    /// <summary>Only messages of the direct conversation with this peer (an alias, a PeerId, or "self") or of this #room. Empty (the default): all.</summary>
    public string Conversation { get; set; } = "";

    /// <summary>Whether handlers also get what this node itself sends to others. What it sends to "self" comes to them in any case: a handler that sends there is given that, too. Default: no.</summary>
    public bool IncludeOwn { get; set; }

    /// <summary>Whether handlers also get replies to requests. Default: no, they are for RequestAsync.</summary>
    public bool IncludeReplies { get; set; }

    /// <summary>
    /// How many messages are handled at one time, 1 to 256. Those of one author are handled one after the other in any case, in the order of sending. Default: 1,
    /// so that all messages are handled in the order in which they arrived. A handler that waits for what is itself to be handled here, as a request to self or to a service
    /// that asks back, waits until its time limit: that message stands behind its own, or may do so.
    /// </summary>
    public int MaxConcurrentMessages { get; set; } = 1;

    /// <summary>
    /// How far messages may be handled ahead of one that is still being handled, 1 to 100,000: beyond that nothing more is read until it is done. So many at most come
    /// again after a crash. Default: 10,000.
    /// </summary>
    public int MaxUnacknowledgedMessages { get; set; } = ClientLimits.UnacknowledgedMessages;

    /// <summary>
    /// How often a handler is tried before its message becomes a dead letter, 1 to 1000. Attempts that failed because its own node was away, stopping or drained, or could store
    /// nothing, don't count; those that failed because of another node do. Default: 5.
    /// </summary>
    public int MaxAttempts { get; set; } = 5;

    /// <summary>
    /// How long one attempt of a handler may take, at most a day. Then its token is cancelled, and what it throws counts as a failed attempt; a handler that does not heed its
    /// token is waited for all the same, since it may still write. Null (the default): as long as it likes. One that takes over a minute is told in the log and by the health.
    /// </summary>
    public TimeSpan? HandlerTimeout { get; set; }

    /// <summary>The pause before the second attempt; each further one is twice as long, and up to half of each is left away at random. Default: 1 s.</summary>
    public TimeSpan FirstRetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>The longest pause between attempts. Default: 30 s.</summary>
    public TimeSpan LongestRetryDelay { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// The room that holds the dead letters: a name <c>[a-z][a-z0-9_-]{0,31}</c>, without '#'. It is made when it is needed, with this node as its only member.
    /// Null or empty: a message whose handler failed for good is logged and dropped. Default: dead-letters.
    /// </summary>
    public string? DeadLetterRoom { get; set; } = Client.DeadLetterRoom.DefaultName;

    /// <summary>Says what is wrong with these options; null if nothing is.</summary>
    internal string? FindFault()
    {
        if (Consumer is not null && !IsName(Consumer, ConsumerLength, "_.-"))
            return $"The consumer '{Consumer}' is no name: [a-z][a-z0-9_.-]{{0,63}}.";
        if (!string.IsNullOrEmpty(DeadLetterRoom) && !IsName(DeadLetterRoom, 32, "_-"))
            return $"DeadLetterRoom '{DeadLetterRoom}' is no room's name: [a-z][a-z0-9_-]{{0,31}}, without '#'.";
        if (MaxConcurrentMessages is < 1 or > ClientLimits.Lanes)
            return $"MaxConcurrentMessages is 1 to {ClientLimits.Lanes}, not {MaxConcurrentMessages}.";
        if (MaxUnacknowledgedMessages is < 1 or > ClientLimits.MostUnacknowledgedMessages)
            return $"MaxUnacknowledgedMessages is 1 to {ClientLimits.MostUnacknowledgedMessages}, not {MaxUnacknowledgedMessages}.";
        if (MaxAttempts is < 1 or > 1000)
            return $"MaxAttempts is 1 to 1000, not {MaxAttempts}.";
        if (HandlerTimeout is { } limit && (limit <= TimeSpan.Zero || limit > ClientLimits.LongestOption))
            return $"HandlerTimeout is more than zero and at most a day, not {limit}: write \"00:00:30\" for half a minute, since a number alone is days.";
        if (FirstRetryDelay < TimeSpan.Zero || LongestRetryDelay < FirstRetryDelay || LongestRetryDelay > TimeSpan.FromDays(1))
            return "FirstRetryDelay is at least zero, and LongestRetryDelay at least as long and at most a day.";
        return null;
    }

    /// <summary>A consumer's name made of an application's.</summary>
    internal static string NameAfter(string application)
    {
        var name = new string([.. application.ToLowerInvariant().Select(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter is '_' or '.' ? letter : '-')])
            .TrimStart('-', '_', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
        return name.Length == 0 ? "handlers" : name[..Math.Min(name.Length, ConsumerLength)];
    }

    private static bool IsName(string text, int length, string signs) =>
        text.Length > 0 && text.Length <= length && char.IsAsciiLetterLower(text[0])
        && text.All(letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || signs.Contains(letter, StringComparison.Ordinal));
}

using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>What to read of a node's feed, and from where.</summary>
public sealed record SubscribeSettings
{
    internal static readonly SubscribeSettings Default = new();

    /// <summary>
    /// A name under which the node remembers how far this consumer acknowledged: <c>[a-z][a-z0-9_.-]{0,63}</c>. A second
    /// subscriber of the same name takes over from the first, whose enumeration then fails. Empty: nothing is remembered.
    /// </summary>
    public string Consumer { get; init; } = "";

    /// <summary>
    /// Where to begin. Unspecified (the default): a named consumer goes on after what it acknowledged, all others begin at the end.
    /// </summary>
    public StartAt StartAt { get; init; }

    /// <summary>Begin after this place. It outranks <see cref="StartAt"/>.</summary>
    public FeedCursor? After { get; init; }

    /// <summary>Only messages of the direct conversation with this peer (an alias, a PeerId, or "self") or of this #room. Empty: all.</summary>
    public string Conversation { get; init; } = "";

    /// <summary>Whether to read also what this node itself sent to others. What it sent to "self" comes in any case. Default: no.</summary>
    public bool IncludeOwn { get; init; }

    /// <summary>Whether to wait for what comes later. If not, the enumeration ends after the last message held. Default: yes.</summary>
    public bool Follow { get; init; } = true;

    /// <summary>
    /// How long to look for a node that is gone, each time it goes. Default: for ever
    /// (<see cref="Timeout.InfiniteTimeSpan"/>). Zero: an interruption ends the enumeration with its error.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative.</exception>
    public TimeSpan ReconnectFor
    {
        get;
        init => field = TimeLimit.FindRetryFault(value) is { } fault
            ? throw new ArgumentOutOfRangeException(nameof(ReconnectFor), value, $"{nameof(ReconnectFor)} {fault}.")
            : value;
    } = Timeout.InfiniteTimeSpan;

    /// <summary>Called at each failed attempt to reach the node, before the pause that precedes the next. It must not block.</summary>
    public Action<P2PGrpcException>? Interrupted { get; init; }

    /// <summary>Called by <see cref="P2PGrpcClient.SubscribeAsync"/> where messages stood that have been erased, before the next message is handed out. It must not
    /// block. Who reads whole responses finds them by <see cref="ErasedMessages.From"/>.</summary>
    public Action<ErasedMessages>? Erased { get; init; }
}

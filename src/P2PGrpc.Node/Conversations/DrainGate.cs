using Grpc.Core;

namespace P2PGrpc.Node.Conversations;

/// <summary>Whether this node takes new messages. While it is drained it takes none, and hands over those it has. Thread-safe.</summary>
internal sealed class DrainGate
{
    /// <summary>Why a message is not taken then.</summary>
    public const string Reason = "DRAINING";

    private volatile bool isClosed;

    /// <summary>True while it is drained.</summary>
    public bool IsClosed
    {
        get => isClosed;
        set => isClosed = value;
    }

    /// <exception cref="NodeRequestException">DRAINING.</exception>
    public void Check()
    {
        if (isClosed)
            throw new NodeRequestException(
                StatusCode.Unavailable, Reason,
                "This node is about to be stopped: it takes no new messages, and hands over those that it has. Send by another node, or later; to have it take messages again: p2pgrpc drain --off")
            {
                RetryAfter = TimeSpan.FromSeconds(5),
            };
    }
}

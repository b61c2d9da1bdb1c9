using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Delivery;

/// <summary>What one response to a subscriber holds: wanted segments, each with the position after which it begins, or ephemeral messages.</summary>
internal sealed class FeedStretch(MessageBatches batches)
{
    public MessageBatches Batches => batches;

    public List<(FeedSegment Segment, ulong After)> Segments { get; } = [];

    public EphemeralMessages? Ephemeral { get; init; }

    public Cursor? Cursor { get; set; }

    public bool CaughtUp { get; set; }

    /// <summary>All of it as objects.</summary>
    public SubscribeResponse ToResponse()
    {
        var response = new SubscribeResponse { CaughtUp = CaughtUp };
        if (Cursor is not null)
            response.Cursor = Cursor;
        if (Ephemeral is not null && batches.Make(Ephemeral) is { } messages)
            response.Batches.Add(messages);
        foreach (var (segment, after) in Segments)
            if (batches.Make(segment, after) is { } batch)
                response.Batches.Add(batch);
        return response;
    }
}

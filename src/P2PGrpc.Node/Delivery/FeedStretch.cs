using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Delivery;

/// <summary>What one response to a subscriber holds: wanted segments, each with the position after which it begins, or ephemeral messages.</summary>
internal sealed class FeedStretch(MessageBatches batches)
{
    public MessageBatches Batches => batches;

    private readonly Dictionary<LogId, int> erasedAt = [];
    private readonly List<StretchSegment> segments = [];

    public IReadOnlyList<StretchSegment> Segments => segments;

    public EphemeralMessages? Ephemeral { get; init; }

    public Cursor? Cursor { get; set; }

    public bool CaughtUp { get; set; }

    /// <summary>Adds a segment of which what stands after a position is wanted. Erased ones that are neighbours in their log become one: there may be very many.</summary>
    public void Add(FeedSegment segment, ulong after)
    {
        var log = segment.Header.LogId;
        if (!segment.Erased)
        {
            erasedAt.Remove(log);
            segments.Add(new StretchSegment(segment, after, 0));
            return;
        }

        var count = segment.LastPosition - Math.Max(after, segment.FirstPosition - 1);
        if (erasedAt.TryGetValue(log, out var index))
        {
            segments[index] = segments[index] with { Erased = segments[index].Erased + count };
            return;
        }

        erasedAt.Add(log, segments.Count);
        segments.Add(new StretchSegment(segment, after, count));
    }

    /// <summary>All of it as objects.</summary>
    public SubscribeResponse ToResponse()
    {
        var response = new SubscribeResponse { CaughtUp = CaughtUp };
        if (Cursor is not null)
            response.Cursor = Cursor;
        if (Ephemeral is not null && batches.Make(Ephemeral) is { } messages)
            response.Batches.Add(messages);
        foreach (var segment in segments)
            if (batches.Make(segment) is { } batch)
                response.Batches.Add(batch);
        return response;
    }
}

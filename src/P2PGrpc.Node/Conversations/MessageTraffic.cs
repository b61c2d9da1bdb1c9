using System.Diagnostics.Metrics;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Conversations;

/// <summary>Counts the messages that were stored, and measures their segments: once a segment, never a message. Thread-safe.</summary>
internal sealed class MessageTraffic
{
    public const string OriginLabel = "p2pgrpc.segment.origin";
    public const string Own = "own";
    public const string Received = "received";

    private static readonly KeyValuePair<string, object?> OfOwn = new(OriginLabel, Own);
    private static readonly KeyValuePair<string, object?> OfOthers = new(OriginLabel, Received);
    private static readonly string[] Kinds = [ConversationKinds.Direct, ConversationKinds.Room, ConversationKinds.Self];

    private readonly ConversationKinds kinds;
    private readonly Histogram<long> sizes;
    private readonly long[] sent = new long[Kinds.Length];
    private readonly long[] received = new long[Kinds.Length];

    public MessageTraffic(LogStore store, ConversationKinds kinds, Histogram<long> sizes)
    {
        this.kinds = kinds;
        this.sizes = sizes;
        store.Committed += OnCommitted;
    }

    public IEnumerable<Measurement<long>> ReadSent() => Read(sent);

    public IEnumerable<Measurement<long>> ReadReceived() => Read(received);

    private static IEnumerable<Measurement<long>> Read(long[] counts) =>
        Kinds.Select((kind, index) => new Measurement<long>(Interlocked.Read(ref counts[index]), new KeyValuePair<string, object?>(ConversationKinds.Label, kind)));

    private void OnCommitted(CommittedSegment segment)
    {
        if (segment.Erased)
            return;
        var kind = Array.IndexOf(Kinds, kinds.Find(segment.Header.Log.Conversation));
        Interlocked.Add(ref (segment.Own ? sent : received)[kind], segment.Header.Count);
        sizes.Record(segment.Header.BodyLength, segment.Own ? OfOwn : OfOthers);
    }
}

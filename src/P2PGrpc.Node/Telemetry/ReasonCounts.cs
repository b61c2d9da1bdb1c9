using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace P2PGrpc.Node.Telemetry;

/// <summary>Counts something by its reason, from the node's start on, whether anybody asks or not. The reasons that are known from the beginning are told with 0, so that
/// an alert sees the first one. Thread-safe.</summary>
internal sealed class ReasonCounts
{
    /// <summary>Stands for all reasons beyond those that are counted one by one.</summary>
    public const string Other = "_OTHER";

    /// <summary>The name of the label that holds the reason.</summary>
    public const string Label = "p2pgrpc.reason";

    /// <summary>Reasons that are counted one by one: twice as many as there are in this program. A mistake must not make a metric grow without end.</summary>
    private const int Most = 128;

    private readonly ConcurrentDictionary<string, Count> counts = new(StringComparer.Ordinal);

    public ReasonCounts(params IEnumerable<string> known)
    {
        foreach (var reason in known)
            counts[reason] = new Count();
    }

    /// <summary>Counts by the members of an enum, and by more reasons.</summary>
    public static ReasonCounts Of<TReason>(params string[] more) where TReason : struct, Enum => new([.. Names<TReason>.All.Values, .. more]);

    public void Add(string reason, long many = 1)
    {
        if (!counts.TryGetValue(reason, out var count))
            count = counts.GetOrAdd(counts.Count < Most ? reason : Other, _ => new Count());
        count.Add(many);
    }

    public void Add<TReason>(TReason reason) where TReason : struct, Enum => Add(Names<TReason>.All.GetValueOrDefault(reason, Other));

    public IEnumerable<Measurement<long>> Read() =>
        counts.Select(pair => new Measurement<long>(pair.Value.Value, new KeyValuePair<string, object?>(Label, pair.Key)));

    /// <summary>The members of an enum as labels have them.</summary>
    private static class Names<TReason> where TReason : struct, Enum
    {
        public static readonly Dictionary<TReason, string> All = Enum.GetValues<TReason>().ToDictionary(reason => reason, reason => LabelText.Of(reason));
    }

    private sealed class Count
    {
        private long value;

        public long Value => Interlocked.Read(ref value);

        public void Add(long many) => Interlocked.Add(ref value, many);
    }
}

using P2PGrpc.Benchmarks.Contenders;
using P2PGrpc.Benchmarks.Measuring;

namespace P2PGrpc.Benchmarks;

/// <summary>The contenders of each part, in the order in which they take turns.</summary>
internal static class Parts
{
    /// <summary>All parts by name, in the order in which they are measured.</summary>
    public static IReadOnlyDictionary<string, Func<BenchmarkSettings, Task<Outcome>>> Measures { get; } = MakeMeasures();

    private static Dictionary<string, Func<BenchmarkSettings, Task<Outcome>>> MakeMeasures()
    {
        var measures = new Dictionary<string, Func<BenchmarkSettings, Task<Outcome>>>(StringComparer.Ordinal);
        foreach (var (name, contenders) in MakeContenders())
            measures[name] = async settings => Outcome.Of(await Rounds.RunAsync(settings, contenders));
        measures["nodes"] = NodeMeasures.RunAsync;
        measures["conversations"] = HistoryMeasures.RunAsync;
        measures["micro"] = _ => Task.FromResult(Micro.MicroRun.Run());
        measures["growth-size"] = Growth.MeasureSizeAsync;
        measures["growth-links"] = Growth.MeasureLinksAsync;
        measures["growth-subscribers"] = Growth.MeasureSubscribersAsync;
        measures["growth-logs"] = Growth.MeasureLogsAsync;
        measures["growth-history"] = Growth.MeasureHistoryAsync;
        return measures;
    }

    private static Dictionary<string, IReadOnlyList<Contender>> MakeContenders() => new(StringComparer.Ordinal)
    {
        ["durable"] =
        [
            NodeContenders.ThroughApi(Names.DurableApi, BenchmarkSettings.MessageLength),
            NodeContenders.Embedded(Names.DurableEmbedded, BenchmarkSettings.MessageLength, ephemeral: false),
            NodeContenders.Embedded(Names.DurableEmbeddedLong, 1024, ephemeral: false),
            NatsContenders.JetStream(Names.JetStream, isSynchronous: false, "js-publish", isRead: false),
            NatsContenders.JetStream(Names.JetStreamRead, isSynchronous: false, "js-publish", isRead: true),
            NatsContenders.JetStream(Names.JetStreamSynchronous, isSynchronous: true, "js-publish", isRead: false),
        ],
        ["unary"] =
        [
            BareContenders.Fsync(Names.Fsync),
            BareContenders.Unary(Names.BareUnaryOne, 1),
            BareContenders.Unary(Names.BareUnaryMany, BenchmarkSettings.Callers),
            NodeContenders.Unary(Names.EphemeralOne, "handed to the link, nothing stored", 1, "ephemeral"),
            NodeContenders.Unary(Names.EphemeralMany, "handed to the link, nothing stored", BenchmarkSettings.Callers, "ephemeral"),
            NodeContenders.Unary(Names.AcceptedOne, "fsynced at the sender's node", 1, "accepted"),
            NodeContenders.Unary(Names.AcceptedMany, "fsynced at the sender's node", BenchmarkSettings.Callers, "accepted"),
            NodeContenders.Unary(Names.Delivered, "fsynced at both nodes, acknowledged by the other", 1, "delivered"),
            NatsContenders.JetStream(Names.JetStreamSingle, isSynchronous: false, "js-single", isRead: false),
            NatsContenders.JetStream(Names.JetStreamSingleSynchronous, isSynchronous: true, "js-single", isRead: false),
            BareContenders.Seed(Names.Seed),
        ],
        ["ephemeral"] =
        [
            NodeContenders.Embedded(Names.EphemeralEmbedded, BenchmarkSettings.MessageLength, ephemeral: true),
            BareContenders.Stream(Names.BareTyped, "typed", isTls: true, BenchmarkSettings.FrameSize),
            BareContenders.Stream(Names.BareOpaque, "opaque", isTls: true, BenchmarkSettings.FrameSize),
            BareContenders.Stream(Names.BareTypedClear, "typed", isTls: false, BenchmarkSettings.FrameSize),
            BareContenders.Stream(Names.BareSingle, "opaque", isTls: true, 1),
            BareContenders.Actors(Names.ActorsTell, "tell"),
            BareContenders.Queues(Names.Queues),
            NatsContenders.Core(Names.NatsCore),
        ],
        ["roundtrip"] =
        [
            NodeContenders.RoundTrip(Names.RoundTrip, BenchmarkSettings.MessageLength),
            BareContenders.Stream(Names.BarePing, "ping", isTls: true, 1),
            BareContenders.Actors(Names.ActorsAsk, "ask"),
        ],
    };
}

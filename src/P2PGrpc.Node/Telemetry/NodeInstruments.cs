using System.Diagnostics.Metrics;

namespace P2PGrpc.Node.Telemetry;

/// <summary>The metrics of one node: its meter, and the instruments that its parts record on. Names and labels are those of docs/observability.md; no label holds a name or
/// an id. Recording costs next to nothing while nobody listens. Thread-safe.</summary>
internal sealed class NodeInstruments : IDisposable
{
    /// <summary>From a flush on a good disk to one that makes people wait, in seconds.</summary>
    private static readonly double[] DiskBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

    /// <summary>From a link on one machine to a peer that was away for a day, in seconds.</summary>
    private static readonly double[] DeliveryBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600, 21600, 86400];

    /// <summary>Those of the conventions for calls and requests, in seconds.</summary>
    private static readonly double[] CallBounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    /// <summary>From one short message to the largest body, in bytes.</summary>
    private static readonly long[] SegmentBounds = [64, 256, 1024, 4096, 16384, 65536, 131072, 196608];

    private readonly Meter meter;
    private readonly bool isOwnMeter;
    private volatile bool hasEnded;

    /// <param name="meters">Makes the meter, so that what listens to one host hears its node only; null: a meter of its own.</param>
    /// <param name="version">The version of this program.</param>
    public NodeInstruments(IMeterFactory? meters, string version)
    {
        var options = new MeterOptions(NodeDiagnostics.MeterName) { Version = version };
        isOwnMeter = meters is null;
        meter = meters?.Create(options) ?? new Meter(options);
        DeliveryDuration = Duration(
            "p2pgrpc.delivery.duration", "From the flush to this node's disk to the acknowledgement by the recipient, in a room by the first other member; a measurement a segment.",
            DeliveryBounds);
        CommitDuration = Duration("p2pgrpc.commit.duration", "A transaction of the store, its flush to disk included.", DiskBounds);
        FlushDuration = Duration("p2pgrpc.fsync.duration", "The part of a transaction that writes the log of the database and flushes it to disk.", DiskBounds);
        CallDuration = Duration("rpc.server.call.duration", "A call of a client; of a stream all of it.", CallBounds);
        RequestDuration = Duration("http.server.request.duration", "A request to the web endpoint, whatever became of it; of a stream all of it.", CallBounds);
        SegmentSize = meter.CreateHistogram(
            "p2pgrpc.segment.size", "By", "The body of a segment that was stored.", tags: null, new InstrumentAdvice<long> { HistogramBucketBoundaries = SegmentBounds });
    }

    public Histogram<double> DeliveryDuration { get; }

    public Histogram<double> CommitDuration { get; }

    public Histogram<double> FlushDuration { get; }

    public Histogram<double> CallDuration { get; }

    public Histogram<double> RequestDuration { get; }

    public Histogram<long> SegmentSize { get; }

    /// <summary>What is counted anyway, by labels, asked for when somebody looks.</summary>
    public void Count(string name, string unit, string description, Func<IEnumerable<Measurement<long>>> read) =>
        meter.CreateObservableCounter(name, () => hasEnded ? [] : read(), unit, description);

    /// <summary>What goes up and down, asked for when somebody looks.</summary>
    public void Gauge<T>(string name, string? unit, string description, Func<IEnumerable<Measurement<T>>> read) where T : struct =>
        meter.CreateObservableGauge(name, () => hasEnded ? [] : read(), unit, description);

    /// <summary>Nothing is asked any more: the parts are about to end.</summary>
    public void Dispose()
    {
        hasEnded = true;
        // One that a factory made is the factory's.
        if (isOwnMeter)
            meter.Dispose();
    }

    private Histogram<double> Duration(string name, string description, double[] bounds) =>
        meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds });
}

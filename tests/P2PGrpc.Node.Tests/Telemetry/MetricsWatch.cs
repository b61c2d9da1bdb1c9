using System.Diagnostics.Metrics;
using P2PGrpc.Node.Tests.Hosting;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>One measurement, with its labels by name.</summary>
internal sealed record Measured(string Name, double Value, IReadOnlyDictionary<string, string> Labels);

/// <summary>Listens to the metrics of one node. Thread-safe.</summary>
internal sealed class MetricsWatch : IDisposable
{
    private readonly Lock gate = new();
    private readonly MeterListener listener = new();
    private readonly List<Measured> recorded = [];
    private readonly HashSet<string> published = [];

    public MetricsWatch(RunningNode node)
    {
        listener.InstrumentPublished = (instrument, own) =>
        {
            if (instrument.Meter.Scope != node.Meters)
                return;
            lock (gate)
                published.Add(Describe(instrument));
            own.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.Start();
    }

    /// <summary>All instruments: name, kind and unit.</summary>
    public IReadOnlyCollection<string> Published
    {
        get
        {
            lock (gate)
                return [.. published];
        }
    }

    /// <summary>All that was recorded so far, and what gauges and counters say now.</summary>
    public IReadOnlyList<Measured> Read()
    {
        listener.RecordObservableInstruments();
        lock (gate)
            return [.. recorded];
    }

    /// <summary>What a gauge or a counter says now, with this label; the sum where several fit.</summary>
    public double ReadNow(string name, string? label = null, string? value = null)
    {
        int before;
        lock (gate)
            before = recorded.Count;
        return Read().Skip(before).Where(measured => measured.Name == name && (label is null || measured.Labels.GetValueOrDefault(label) == value)).Sum(measured => measured.Value);
    }

    public void Dispose() => listener.Dispose();

    private static string Describe(Instrument instrument)
    {
        var kind = instrument.GetType().Name.Split('`')[0].Replace("Observable", "", StringComparison.Ordinal).ToLowerInvariant();
        return instrument.Unit is null ? $"{instrument.Name}: {kind}" : $"{instrument.Name}: {kind}, {instrument.Unit}";
    }

    private void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new Dictionary<string, string>();
        foreach (var (name, label) in tags)
            labels.Add(name, label?.ToString() ?? "");
        lock (gate)
            recorded.Add(new Measured(instrument.Name, value, labels));
    }
}

using System.Diagnostics.Metrics;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>Makes the meters of one node of a test, so that what listens to it hears no other.</summary>
internal sealed class NodeMeters : IMeterFactory
{
    private readonly Lock gate = new();
    private readonly List<Meter> made = [];

    public Meter Create(MeterOptions options)
    {
        options.Scope = this;
        var meter = new Meter(options);
        lock (gate)
            made.Add(meter);
        return meter;
    }

    public void Dispose()
    {
        lock (gate)
            made.ForEach(meter => meter.Dispose());
    }
}

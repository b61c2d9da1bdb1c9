namespace P2PGrpc.Node.Telemetry;

/// <summary>By what names the metrics and spans of a node are listened to.</summary>
public static class NodeDiagnostics
{
    /// <summary>The meter: for <c>AddMeter</c> of OpenTelemetry. Each node has one of its own, made by the host's <see cref="System.Diagnostics.Metrics.IMeterFactory"/>.</summary>
    public const string MeterName = "P2PGrpc.Node";

    /// <summary>The activity source: for <c>AddSource</c> of OpenTelemetry. All nodes of a process share it.</summary>
    public const string ActivitySourceName = "P2PGrpc.Node";
}

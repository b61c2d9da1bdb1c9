using System.Diagnostics;
using System.Diagnostics.Metrics;
using Google.Protobuf.Collections;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>The metrics of all clients of this process, by the conventions of OpenTelemetry for messaging. They count by answers, not by messages, and cost nothing while nobody
/// listens. Thread-safe.</summary>
internal static class ClientMetrics
{
    /// <summary>What a fault is called where it is none of the node's.</summary>
    private const string Other = "_OTHER";

    private static readonly double[] Bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
    private static readonly Meter Meter = new(MessageActivities.SourceName, MessageActivities.Version);

    private static readonly Counter<long> Sent = Meter.CreateCounter<long>(
        "messaging.client.sent.messages", "{message}", "Messages that were handed to a node, or could not be.");

    private static readonly Counter<long> Consumed = Meter.CreateCounter<long>(
        "messaging.client.consumed.messages", "{message}", "Messages that subscriptions have handed out.");

    private static readonly Histogram<double> Operations = Duration("messaging.client.operation.duration", "A send or an acknowledgement, its retries included.");
    private static readonly Histogram<double> Processing = Duration("messaging.process.duration", "The handling of one message.");

    public static bool MeasuresOperations => Operations.Enabled;

    /// <summary>Counts what a response hands out.</summary>
    public static void CountConsumed(SubscribeResponse response)
    {
        if (!Consumed.Enabled)
            return;
        var count = 0;
        foreach (var batch in response.Batches)
            count += batch.Messages.Count;
        if (count > 0)
            Consumed.Add(count, Describe("receive", "receive", null));
    }

    /// <summary>Counts the messages of an answered batch.</summary>
    public static void CountSent(int count, RepeatedField<Refusal> refused)
    {
        if (!Sent.Enabled)
            return;
        foreach (var refusal in refused)
            Sent.Add(1, Describe("send", "send", Name((StatusCode)refusal.Code)));
        if (count > refused.Count)
            Sent.Add(count - refused.Count, Describe("send", "send", null));
    }

    public static void CountSent(int count, Exception? fault)
    {
        if (Sent.Enabled && count > 0)
            Sent.Add(count, Describe("send", "send", Name(fault)));
    }

    public static void RecordOperation(string operation, string type, TimeSpan took, Exception? fault) =>
        Operations.Record(took.TotalSeconds, Describe(operation, type, Name(fault)));

    public static void RecordProcessing(TimeSpan took, Exception? fault)
    {
        if (Processing.Enabled)
            Processing.Record(took.TotalSeconds, Describe("process", "process", fault is null ? null : Name(fault)));
    }

    /// <summary>The status of a fault, which are few: a node of a later version may have reasons that nobody knows here.</summary>
    public static string? Name(Exception? fault) => fault switch
    {
        null => null,
        P2PGrpcException refused => Name(refused.StatusCode),
        OperationCanceledException => Name(StatusCode.Cancelled),
        _ => Other,
    };

    /// <summary>As gRPC writes it: NOT_FOUND.</summary>
    private static string Name(StatusCode status) => Enum.IsDefined(status)
        ? string.Concat(status.ToString().Select((letter, index) => index > 0 && char.IsUpper(letter) ? $"_{letter}" : letter.ToString())).ToUpperInvariant()
        : Other;

    private static TagList Describe(string operation, string type, string? fault)
    {
        var tags = new TagList { { "messaging.system", MessageActivities.SystemName }, { "messaging.operation.name", operation }, { "messaging.operation.type", type } };
        if (fault is not null)
            tags.Add("error.type", fault);
        return tags;
    }

    private static Histogram<double> Duration(string name, string description) =>
        Meter.CreateHistogram(name, "s", description, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = Bounds });
}

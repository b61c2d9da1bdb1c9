namespace P2PGrpc.Benchmarks.Reporting;

/// <summary>What was aimed at, for two cores and 100-byte messages.</summary>
internal static class Targets
{
    public static IReadOnlyList<Target> All { get; } =
    [
        AtLeast("Durable, embedded", "≥ 600,000 msg/s", f => (f.Rate(Names.DurableEmbedded), 600_000)),
        AtLeast("Durable, through the API, four processes", "≥ 350,000 msg/s", f => (f.Rate(Names.DurableApi), 350_000)),
        AtLeast("Durable, through the API", "≥ 3 × JetStream's default", f => (f.Rate(Names.DurableApi), 3 * f.Rate(Names.JetStream))),
        AtLeast("Durable, through the API", "≥ 80 × JetStream with synchronous writes", f => (f.Rate(Names.DurableApi), 80 * f.Rate(Names.JetStreamSynchronous))),
        AtLeast("Ephemeral, embedded, over TLS", "≥ 2 × Proto.Remote", f => (f.Rate(Names.EphemeralEmbedded), 2 * f.Rate(Names.ActorsTell))),
        AtLeast("Ephemeral, embedded, over TLS", "≥ 0.75 × bare batched bidi of message objects, TLS", f => (f.Rate(Names.EphemeralEmbedded), 0.75 * f.Rate(Names.BareTyped))),
        AtLeast("Ephemeral, embedded, over TLS", "≥ 0.75 × bare batched bidi of opaque bytes, TLS", f => (f.Rate(Names.EphemeralEmbedded), 0.75 * f.Rate(Names.BareOpaque))),
        AtLeast("Ephemeral, embedded, over TLS", "≥ 2,000,000 msg/s", f => (f.Rate(Names.EphemeralEmbedded), 2_000_000)),
        AtMost("Ephemeral round trip, p50", "≤ 1.3 × bare bidi ping-pong", f => (f.P50(Names.RoundTrip), 1.3 * f.P50(Names.BarePing)), "ms"),
        AtMost("Unary Send ephemeral, p50", "≤ 1.2 × bare unary", f => (f.P50(Names.EphemeralOne), 1.2 * f.P50(Names.BareUnaryOne)), "ms"),
        AtLeast("Unary Send ephemeral, 64 callers", "≥ 0.8 × bare unary", f => (f.Rate(Names.EphemeralMany), 0.8 * f.Rate(Names.BareUnaryMany))),
        AtLeast("Unary Send ACCEPTED, 64 callers", "≥ 0.6 × bare unary", f => (f.Rate(Names.AcceptedMany), 0.6 * f.Rate(Names.BareUnaryMany))),
        AtMost("Unary Send ACCEPTED, one caller, p50", "≤ bare unary + 1.5 × fsync", f => (f.P50(Names.AcceptedOne), f.P50(Names.BareUnaryOne) + (1.5 * f.P50(Names.Fsync))), "ms"),
        AtMost("Unary Send DELIVERED, p50", "≤ bare unary + 3 × fsync + 0.3 ms", f => (f.P50(Names.Delivered), f.P50(Names.BareUnaryOne) + (3 * f.P50(Names.Fsync)) + 0.3), "ms"),
        AtLeast("1 KiB messages, durable, embedded", "≥ 150,000 msg/s", f => (f.Rate(Names.DurableEmbeddedLong), 150_000)),
        AtMost("Processor time per message, durable, all four processes", "≤ 4 µs", f => (f.Processor(Names.DurableApi), 4), "µs"),
        AtMost("Start to listening", "≤ 350 ms (JIT)", f => (f.Fact(Names.Start), 350), "ms"),
        AtMost("Idle memory", "≤ 80 MB (JIT)", f => (f.Fact(Names.IdleMemory), 80), "MB"),
        AtMost("Start to listening, native", "≤ 120 ms (AOT)", f => (f.Fact(Names.StartNative), 120), "ms"),
        AtMost("Idle memory, native", "≤ 40 MB (AOT)", f => (f.Fact(Names.IdleMemoryNative), 40), "MB"),
        AtMost("Memory per idle link", "≤ 60 KB", f => (f.Fact(Names.LinkMemory), 60), "KB"),
        AtMost("Start with stored messages", "≤ 1 s", f => (f.Fact(Names.StartWithHistory), 1000), "ms"),
        AtMost("Catching up after absence", "≤ 3 s", f => (f.Fact(Names.CatchUp), 3), "s"),
        AtMost("A page of history, the newest, p95", "≤ 10 ms", f => (f.Fact(Names.NewestPage), 10), "ms"),
        AtMost("A page of history, anywhere, p95", "≤ 10 ms", f => (f.Fact(Names.AnyPage), 10), "ms"),
        AtMost("A page of history, by author, p95", "≤ 10 ms", f => (f.Fact(Names.AuthorPage), 10), "ms"),
        AtMost("A search, first page, a rare word, p95", "≤ 100 ms", f => (f.Fact(Names.SearchRare), 100), "ms"),
        AtMost("A search, first page, a common word, p95", "≤ 100 ms", f => (f.Fact(Names.SearchCommon), 100), "ms"),
        AtMost("A search, first page, two words and an author, p95", "≤ 100 ms", f => (f.Fact(Names.SearchTwo), 100), "ms"),
    ];

    private static Target AtLeast(string work, string aim, Func<Findings, (double Reached, double Limit)> compute) => new(work, aim, compute, false, "/s");

    private static Target AtMost(string work, string aim, Func<Findings, (double Reached, double Limit)> compute, string unit) => new(work, aim, compute, true, unit);
}

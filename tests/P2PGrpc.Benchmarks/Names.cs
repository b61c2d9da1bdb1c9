namespace P2PGrpc.Benchmarks;

/// <summary>What the report calls each contender; the targets find their rows by them.</summary>
internal static class Names
{
    public const string DurableApi = "P2PGrpc, SendStream → Subscribe (four processes)";
    public const string DurableEmbedded = "P2PGrpc, embedded";
    public const string DurableEmbeddedLong = "P2PGrpc, embedded, 1 KiB";
    public const string JetStream = "JetStream, default, published";
    public const string JetStreamRead = "JetStream, default, published and read";
    public const string JetStreamSynchronous = "JetStream, synchronous writes, published";

    public const string Fsync = "The disk: append 4 KiB and fsync";
    public const string BareUnaryOne = "Bare grpc-dotnet, unary, 1 caller";
    public const string BareUnaryMany = "Bare grpc-dotnet, unary, 64 callers";
    public const string EphemeralOne = "P2PGrpc, Send ephemeral, 1 caller";
    public const string EphemeralMany = "P2PGrpc, Send ephemeral, 64 callers";
    public const string AcceptedOne = "P2PGrpc, Send ACCEPTED, 1 caller";
    public const string AcceptedMany = "P2PGrpc, Send ACCEPTED, 64 callers";
    public const string Delivered = "P2PGrpc, Send DELIVERED, 1 caller";
    public const string JetStreamSingle = "JetStream, default, 1 publisher that waits";
    public const string JetStreamSingleSynchronous = "JetStream, synchronous writes, 1 publisher that waits";
    public const string Seed = "A connection per message, with reply (the seed's way)";

    public const string EphemeralEmbedded = "P2PGrpc, ephemeral, embedded";
    public const string BareTyped = "Bare grpc-dotnet, bidi, 256 messages a frame, TLS";
    public const string BareOpaque = "Bare grpc-dotnet, bidi, 256 messages a frame as opaque bytes, TLS";
    public const string BareTypedClear = "Bare grpc-dotnet, bidi, 256 messages a frame, in clear";
    public const string BareSingle = "Bare grpc-dotnet, bidi, one message a frame, TLS";
    public const string ActorsTell = "Proto.Remote, tell";
    public const string Queues = "NetMQ, push/pull";
    public const string NatsCore = "NATS core";

    public const string RoundTrip = "P2PGrpc, ephemeral there and back, embedded";
    public const string BarePing = "Bare grpc-dotnet, bidi ping-pong, TLS";
    public const string ActorsAsk = "Proto.Remote, request";

    public const string Start = "Start to listening";
    public const string IdleMemory = "Idle memory";
    public const string StartNative = "Start to listening, native";
    public const string IdleMemoryNative = "Idle memory, native";
    public const string LinkMemory = "Memory per idle link";
    public const string StartWithHistory = "Start with stored messages";
    public const string CatchUp = "Catching up after absence";

    public const string Indexing = "Indexing for history and search";
    public const string NewestPage = "A page of history, the newest";
    public const string AnyPage = "A page of history, anywhere";
    public const string AuthorPage = "A page of history, by author";
    public const string SearchRare = "A search, a rare word";
    public const string SearchCommon = "A search, a common word";
    public const string SearchTwo = "A search, two words and an author";
}

using System.IO.Compression;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Net.Compression;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>V1, V2: a peer with a good certificate that sends what no node sends.</summary>
public sealed class HostileFrameTests
{
    private static readonly Method<byte[], byte[]> RawLink = new(
        MethodType.DuplexStreaming, "p2pgrpc.v1.PeerService", "Link",
        Marshallers.Create(bytes => bytes, bytes => bytes), Marshallers.Create(bytes => bytes, bytes => bytes));

    [Fact]
    public async Task Methods_other_than_Link_are_unimplemented_on_the_peer_endpoint()
    {
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo);
        using var raw = new RawPeer(bob);
        var client = new PeerService.PeerServiceClient(raw.Channel);

        var owner = new NodeService.NodeServiceClient(raw.Channel);
        Func<Task>[] calls =
        [
            async () => await client.SendAsync(new SendRequest { To = "self", Text = "hello" }),
            async () => await client.SendStream().ResponseStream.MoveNext(CancellationToken.None),
            async () => await client.Subscribe(new SubscribeRequest()).ResponseStream.MoveNext(CancellationToken.None),
            async () => await client.AcknowledgeAsync(new AcknowledgeRequest()),
            async () => await owner.GetNodeAsync(new GetNodeRequest()),
        ];

        foreach (var call in calls)
            Assert.Equal(StatusCode.Unimplemented, (await Assert.ThrowsAsync<RpcException>(call)).StatusCode);
    }

    public static TheoryData<string, byte[]> MalformedMessages { get; } = new()
    {
        { "empty", [] },
        { "not Protobuf", [0xFF, 0xFF, 0xFF] },
        { "a cut frame", [10, 200, 1, 2] },
        { "a group", [0x0B, 0x0C] },
        { "a length that reaches beyond its parent", [10, 4, 0x22, 3, 10, 0] },
        { "deep nesting", Nest(5000) },
        { "very many children", new LinkRequest { Frame = ManyChildren(100_000) }.ToByteArray() },
    };

    [Theory]
    [MemberData(nameof(MalformedMessages))]
    public async Task V2_malformed_messages_end_the_link_with_a_named_fault_and_no_log_line_of_the_framework(string name, byte[] message)
    {
        var faults = Channel.CreateUnbounded<WireException>();
        using var log = new RecordedLog();
        await using var bob = await new TestNode(2).ListenAsync(Reporting(faults), loggers: log);
        using var raw = new RawPeer(bob);
        using var call = raw.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawLink, null, new CallOptions());

        await SendAsync(call, message);
        var fault = await faults.Reader.ReadAsync().AsTask().WaitAsync(TestNode.Patience);

        Assert.True(fault.Kind == WireFailure.Malformed, $"{name}: {fault}");
        Assert.Empty(log.Lines);
    }

    [Fact]
    public async Task V1_an_oversized_frame_is_refused_before_it_is_read()
    {
        var faults = Channel.CreateUnbounded<WireException>();
        using var log = new RecordedLog();
        await using var bob = await new TestNode(2).ListenAsync(Reporting(faults), loggers: log);
        using var raw = new RawPeer(bob);
        using var call = raw.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawLink, null, new CallOptions());

        await SendAsync(call, new byte[FrameLimits.MessageLength + 1]);
        var fault = await faults.Reader.ReadAsync().AsTask().WaitAsync(TestNode.Patience);

        Assert.Equal(WireFailure.TooLarge, fault.Kind);
        Assert.True(log.Lines.Count <= 1, string.Join('\n', log.Lines));
    }

    [Fact]
    public async Task V1_a_compressed_frame_is_refused_whatever_it_would_unfold_to()
    {
        var faults = Channel.CreateUnbounded<WireException>();
        await using var bob = await new TestNode(2).ListenAsync(Reporting(faults));
        using var raw = new RawPeer(bob);
        var headers = new Metadata { { "grpc-internal-encoding-request", "gzip" } };
        using var call = raw.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawLink, null, new CallOptions(headers));

        await SendAsync(call, new LinkRequest { Frame = TransientFrames.WritePing(1, false) }.ToByteArray());
        var fault = await faults.Reader.ReadAsync().AsTask().WaitAsync(TestNode.Patience);

        Assert.Equal(WireFailure.Refused, fault.Kind);
    }

    [Fact]
    public async Task An_oversized_frame_of_our_own_is_refused_before_it_is_sent()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(TestNode.Echo));
        await using var link = await alice.DialAsync(bob);
        var frame = new Frame { Challenge = new Challenge { Nonce = ByteString.CopyFrom(new byte[FrameLimits.MessageLength]) } };

        var error = await Assert.ThrowsAsync<WireException>(async () => await link.WriteAsync(frame, CancellationToken.None));

        Assert.Equal(WireFailure.TooLarge, error.Kind);
    }

    [Fact]
    public async Task A_dialler_finds_what_proves_an_identity_but_speaks_another_protocol()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(async (connection, token) =>
        {
            await connection.WriteAsync(ManyChildren(5000), token);
            await connection.CompleteAsync();
        });

        var error = await Assert.ThrowsAsync<DialException>(() => alice.DialAsync(bob));

        Assert.Equal(DialFailure.NotAPeer, error.Kind);
        Assert.Equal(bob.PeerId, error.Found);
    }

    [Fact]
    public async Task Frames_of_kinds_unknown_here_arrive_without_a_kind()
    {
        var frames = Channel.CreateUnbounded<Frame?>();
        await using var bob = await new TestNode(2).ListenAsync(
            async (connection, token) => frames.Writer.TryWrite(await connection.ReadAsync(token)));
        using var raw = new RawPeer(bob);
        using var call = raw.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawLink, null, new CallOptions());

        // Field 99 of the frame, of any length-delimited content.
        await SendAsync(call, [10, 6, 0x9A, 0x06, 3, 0xFF, 0xFF, 0xFF]);

        Assert.Equal(Frame.KindOneofCase.None, (await frames.Reader.ReadAsync().AsTask().WaitAsync(TestNode.Patience))!.KindCase);
    }

    [Fact]
    public async Task V2_a_bug_in_the_serving_code_ends_one_link_only()
    {
        using var log = new RecordedLog();
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync((_, _) => throw new FormatException("first\nsecond"), loggers: log);

        for (var dial = 0; dial < 5; dial++)
            Assert.Equal(DialFailure.Refused, (await Assert.ThrowsAsync<DialException>(() => alice.DialAsync(bob))).Kind);

        var (_, _, line, error) = Assert.Single(log.Lines);
        Assert.Contains("FormatException: first\\u{A}second", line, StringComparison.Ordinal);
        Assert.Null(error);
    }

    /// <summary>The refusal may come while the last bytes are still being written.</summary>
    private static async Task SendAsync(AsyncDuplexStreamingCall<byte[], byte[]> call, byte[] message)
    {
        try
        {
            await call.RequestStream.WriteAsync(message);
        }
        catch (Exception error) when (error is RpcException or IOException)
        {
            // What counts is what the other side made of it.
        }
    }

    private static Func<IFrameConnection, CancellationToken, Task> Reporting(Channel<WireException> faults) => async (connection, token) =>
    {
        try
        {
            await connection.ReadAsync(token);
        }
        catch (WireException fault)
        {
            await faults.Writer.WriteAsync(fault, token);
        }
    };

    private static Frame ManyChildren(int count) =>
        new() { Segments = new Segments { Segments_ = { Enumerable.Repeat(new Segment(), count) } } };

    /// <summary>A segment of groups within groups, which no schema here has and a parser must still walk through.</summary>
    private static byte[] Nest(int depth)
    {
        const byte startOfGroup = 0x1B;
        var segment = new Segment { Body = ByteString.CopyFrom([.. Enumerable.Repeat(startOfGroup, depth)]) };
        var encoded = new LinkRequest { Frame = new Frame { Segments = new Segments { Segments_ = { segment } } } }.ToByteArray();
        // The body's tag and two bytes of length become groups too.
        encoded.AsSpan(encoded.Length - depth - 3, 3).Fill(startOfGroup);
        return encoded;
    }

    /// <summary>A channel with a node's certificate on which a test sends any bytes.</summary>
    private sealed class RawPeer : IDisposable
    {
        private readonly TestNode node = new(7);
        private readonly DialAttempt attempt;

        public RawPeer(TestNode target)
        {
            attempt = new DialAttempt(node.Certificate, new WireLimits(), "127.0.0.1", target.Port, target.PeerId, DialPolicy.Anywhere, PeerTransport.Tcp.Open, CancellationToken.None);
            Channel = GrpcChannel.ForAddress(attempt.Address, new GrpcChannelOptions
            {
                HttpHandler = attempt.Handler,
                CompressionProviders = [new GzipCompressionProvider(CompressionLevel.Optimal)],
            });
        }

        public GrpcChannel Channel { get; }

        public void Dispose()
        {
            Channel.Dispose();
            attempt.Dispose();
            node.Certificate.Dispose();
        }
    }
}

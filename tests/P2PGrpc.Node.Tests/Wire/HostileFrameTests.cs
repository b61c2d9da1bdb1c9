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

        var send = await Assert.ThrowsAsync<RpcException>(async () => await client.SendAsync(new SendRequest { To = "self", Text = "hello" }));
        var acknowledge = await Assert.ThrowsAsync<RpcException>(async () => await client.AcknowledgeAsync(new AcknowledgeRequest()));
        var subscribe = await Assert.ThrowsAsync<RpcException>(async () => await client.Subscribe(new SubscribeRequest()).ResponseStream.MoveNext());
        var node = await Assert.ThrowsAsync<RpcException>(async () => await new NodeService.NodeServiceClient(raw.Channel).GetNodeAsync(new GetNodeRequest()));

        Assert.All([send, acknowledge, subscribe, node], error => Assert.Equal(StatusCode.Unimplemented, error.StatusCode));
    }

    public static TheoryData<string, byte[]> MalformedMessages { get; } = new()
    {
        { "empty", [] },
        { "not Protobuf", [0xFF, 0xFF, 0xFF] },
        { "a cut frame", [10, 200, 1, 2] },
        { "a group", [0x0B, 0x0C] },
        { "a field in a wrong wire type", new LinkRequest { Frame = new Frame { Have = new Have { Logs = { new LogHead() } } } }.ToByteArray()[..^2] },
        { "deep nesting", Nest(5000) },
        { "very many children", [10, 0x83, 0xE0, 0x0F, 0x3A, 0xFF, 0xDF, 0x0F, .. Enumerable.Repeat<byte[]>([10, 0], 0x1F7FF >> 1).SelectMany(pair => pair), 0x08] },
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

        await call.RequestStream.WriteAsync(message);
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

        await call.RequestStream.WriteAsync(new byte[FrameLimits.MessageLength + 1]);
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

        await call.RequestStream.WriteAsync(new LinkRequest { Frame = TransientFrames.WritePing(1, false) }.ToByteArray());
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
            await connection.WriteAsync(new Frame { Segments = new Segments { Segments_ = { Enumerable.Repeat(new Segment(), 5000) } } }, token);
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
        await using var bob = await new TestNode(2).ListenAsync(async (connection, token) => frames.Writer.TryWrite(await connection.ReadAsync(token)));
        using var raw = new RawPeer(bob);
        using var call = raw.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(RawLink, null, new CallOptions());

        // Field 99 of the frame, of any length-delimited content.
        await call.RequestStream.WriteAsync([10, 6, 0x9A, 0x06, 3, 0xFF, 0xFF, 0xFF]);

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
            attempt = new DialAttempt(node.Certificate, new WireLimits(), "127.0.0.1", target.Port, target.PeerId, CancellationToken.None);
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

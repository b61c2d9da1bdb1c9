using BenchmarkDotNet.Attributes;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Benchmarks.Micro;

/// <summary>A segment of a thousand 100-byte messages: built, signed, framed, and all of it back. Public and open because BenchmarkDotNet wants it so.</summary>
[MemoryDiagnoser]
public class SegmentBenchmarks
{
    private const int Count = 1000;

    private readonly byte[] entryBytes = new Entry { Clock = 1, Content = new Content { Text = new string('x', BenchmarkSettings.MessageLength) } }.ToByteArray();

    private readonly IdentityKey author = IdentityKey.FromSeed(new byte[IdentityKey.SeedLength]);
    private LogKey log;
    private byte[] body = [];
    private SegmentHeader? header;
    private byte[] frame = [];

    /// <summary>Makes what the benchmarks begin with.</summary>
    [GlobalSetup]
    public void Prepare()
    {
        log = new LogKey(ConversationId.Direct(author.PeerId, author.PeerId), author.PeerId, 1);
        body = BuildBody();
        header = SignSegment();
        frame = WriteFrame();
    }

    /// <summary>Entries into a body.</summary>
    [Benchmark]
    public byte[] BuildBody()
    {
        var builder = new SegmentBodyBuilder();
        for (var i = 0; i < Count; i++) builder.TryAdd(entryBytes);
        return builder.Build();
    }

    /// <summary>A body into message objects.</summary>
    [Benchmark]
    public object ReadBody() => SegmentBodyReader.Read(header!, body);

    /// <summary>Hashes and the signature.</summary>
    [Benchmark]
    public object Sign() => SignSegment();

    /// <summary>Hashes and the check of the signature.</summary>
    [Benchmark]
    public bool Verify() => SegmentVerification.BodyMatches(header!, body) && SegmentVerification.FindFault(header!) is null;

    /// <summary>A segment into a frame's bytes.</summary>
    [Benchmark]
    public byte[] WriteFrame() => new LinkRequest { Frame = SegmentFrames.Write([(header!, body)]) }.ToByteArray();

    /// <summary>A frame's bytes into a checked segment: parsing and everything of Verify.</summary>
    [Benchmark]
    public bool ReadFrame()
    {
        var inbound = LinkMethod.ReadRequest(new System.Buffers.ReadOnlySequence<byte>(frame));
        return SegmentFrames.TryRead(inbound.Frame!.Segments, log.Conversation, out _, out _);
    }

    private SegmentHeader SignSegment() => SegmentHeader.Sign(author, log, new P2PGrpc.Core.Logs.Head(0, log.ToLogId().Value), Count, body, []);
}

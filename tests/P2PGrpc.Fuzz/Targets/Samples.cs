using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Protocol;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>Valid things to begin with: the same at every run.</summary>
internal static class Samples
{
    public static IdentityKey Author { get; } = MakeKey(1);

    public static IdentityKey Reader { get; } = MakeKey(2);

    public static ConversationId Conversation { get; } = ConversationId.Direct(Author.PeerId, Reader.PeerId);

    public static Core.Logs.LogKey Log { get; } = new(Conversation, Author.PeerId, 7);

    /// <summary>A chain of three segments with their bodies, the first with an opening.</summary>
    public static IReadOnlyList<(SegmentHeader Header, byte[] Body)> Chain { get; } = MakeChain();

    /// <summary>Signs a header whose fields may say anything.</summary>
    public static Protocol.SegmentHeader SignAgain(Protocol.SegmentHeader header, ByteString body)
    {
        var signed = header.Clone();
        signed.Log ??= SegmentCodec.Write(Log);
        signed.Log.Author = ByteString.CopyFrom(Author.PeerId.ToArray());
        signed.BodyLength = (uint)body.Length;
        signed.BodyHash = ByteString.CopyFrom(System.Security.Cryptography.SHA256.HashData(body.Span));
        signed.Signature = ByteString.CopyFrom(new byte[IdentityKey.SignatureLength]);
        if (SegmentCodec.Read(signed) is { } read)
            signed.Signature = ByteString.CopyFrom(Author.Sign(read.Hash.ToArray()));
        return signed;
    }

    private static IdentityKey MakeKey(byte number)
    {
        var seed = new byte[IdentityKey.SeedLength];
        seed[0] = number;
        return IdentityKey.FromSeed(seed);
    }

    private static List<(SegmentHeader Header, byte[] Body)> MakeChain()
    {
        var chain = new List<(SegmentHeader, byte[])>();
        var head = Log.ToLogId().Empty;
        var opening = new Opening { PredecessorEpoch = 3, PredecessorHead = SegmentCodec.Write(new Core.Logs.Head(2, head.Hash)) }.ToByteArray();
        for (var number = 0; number < 3; number++)
        {
            var builder = new SegmentBodyBuilder();
            for (var entry = 0; entry <= number; entry++)
            {
                var content = new Content { Text = $"text {number}.{entry}", MessageId = $"id {number}.{entry}" };
                builder.TryAdd(new Entry { Clock = 1UL << 56, Content = content }.ToByteArray());
            }

            var body = builder.Build();
            var header = SegmentHeader.Sign(Author, Log, head, number + 1, body, number == 0 ? opening : []);
            chain.Add((header, body));
            head = header.Head;
        }

        return chain;
    }
}

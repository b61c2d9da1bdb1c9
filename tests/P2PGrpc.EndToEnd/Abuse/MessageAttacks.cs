using System.Buffers.Binary;
using System.IO.Compression;
using System.Security.Cryptography;
using Google.Protobuf;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>Messages that are too large, too deep, too many or no messages, before a Hello and after it.</summary>
internal static class MessageAttacks
{
    /// <summary>A length of 4 GiB is announced, and bytes follow as long as they are taken.</summary>
    public static Task OversizeAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(4, async cancellationToken =>
    {
        await using var link = await attacker.OpenAsync(cancellationToken);
        var prefix = new byte[5];
        BinaryPrimitives.WriteUInt32BigEndian(prefix.AsSpan(1), uint.MaxValue);
        await link.Connection.WriteDataAsync(1, prefix, cancellationToken);
        attacker.Count();
        await WriteUntilRefusedAsync(link, new byte[64 * 1024], cancellationToken);
    }, stop);

    /// <summary>Messages within messages, as deep as a frame allows.</summary>
    public static Task DeepNestingAsync(Attacker attacker, CancellationToken stop) => RepeatMessageAsync(attacker, MakeNested(FrameLimits.FrameLength - 1000), stop);

    /// <summary>As many children as fit, each of two bytes: much memory for little traffic.</summary>
    public static Task TinyChildrenAsync(Attacker attacker, CancellationToken stop)
    {
        var children = new byte[FrameLimits.FrameLength - 64];
        for (var at = 0; at < children.Length; at += 2)
            children[at] = (Have.LogsFieldNumber << 3) | 2;
        return RepeatMessageAsync(attacker, Wrap(LinkRequest.FrameFieldNumber, Wrap(Frame.HaveFieldNumber, children)), stop);
    }

    /// <summary>A hundred MiB of zeros in a hundred KiB of gzip.</summary>
    public static Task GzipBombAsync(Attacker attacker, CancellationToken stop)
    {
        var bomb = Http2Frame.WriteMessage(Pack(100 * 1024 * 1024), compressed: true);
        return Attacker.RepeatAsync(4, async cancellationToken =>
        {
            await using var connection = await attacker.ConnectAsync(cancellationToken, RawConnection.WideOpen);
            connection.StartReading();
            await connection.OpenLinkAsync(1, cancellationToken, ("grpc-encoding", "gzip"));
            await connection.WriteDataAsync(1, bomb, cancellationToken);
            attacker.Count();
            await connection.Data.Completion.WaitAsync(cancellationToken);
        }, stop);
    }

    /// <summary>Fields that no version knows, as many and as long as fit.</summary>
    public static Task UnknownFieldsAsync(Attacker attacker, CancellationToken stop)
    {
        var unknown = new List<byte>();
        while (unknown.Count < FrameLimits.FrameLength - 2000)
            unknown.AddRange(Wrap(1000 + unknown.Count % 50, new byte[300]));
        return RepeatMessageAsync(attacker, Wrap(LinkRequest.FrameFieldNumber, [.. unknown]), stop);
    }

    /// <summary>Frames of a member with bytes changed at random: a new link for each that was found out.</summary>
    public static Task MutatedFramesAsync(Attacker attacker, PeerIds ids, CancellationToken stop)
    {
        var segments = new SegmentFactory(attacker.Key, ids.Victim);
        Frame[] frames =
        [
            segments.Have(segments.Next(10)), WantFrames.WriteWant(segments.Log.ToLogId(), segments.Log.ToLogId().Empty, standing: true),
            SegmentFactory.Write(segments.Next(100)), TransientFrames.WriteCredit(100_000), TransientFrames.WritePing(7, reply: false),
            ForkProofFrames.Write(segments.Next(5).Header, null),
        ];
        return Attacker.RepeatAsync(2, async cancellationToken =>
        {
            await using var link = await attacker.JoinAsync(cancellationToken);
            while (true)
            {
                var bytes = new LinkRequest { Frame = frames[RandomNumberGenerator.GetInt32(frames.Length)] }.ToByteArray();
                for (var flips = RandomNumberGenerator.GetInt32(1, 4); flips > 0; flips--)
                    bytes[RandomNumberGenerator.GetInt32(bytes.Length)] ^= (byte)(1 << RandomNumberGenerator.GetInt32(8));
                await link.SayAsync(bytes, cancellationToken);
                attacker.Count();
                if (link.Connection.Data.Completion.IsCompleted)
                    throw new IOException("The node has hung up.");
            }
        }, stop);
    }

    private static byte[] Pack(int zeros)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
            gzip.Write(new byte[zeros]);
        return packed.ToArray();
    }

    private static Task RepeatMessageAsync(Attacker attacker, byte[] message, CancellationToken stop) => Attacker.RepeatAsync(4, async cancellationToken =>
    {
        await using var link = await attacker.OpenAsync(cancellationToken);
        attacker.Count();
        await WriteUntilRefusedAsync(link, Http2Frame.WriteMessage(message), cancellationToken);
    }, stop);

    private static async Task WriteUntilRefusedAsync(RawLink link, byte[] bytes, CancellationToken cancellationToken)
    {
        const int most = 16;
        for (var times = 0; times < most && !link.Connection.Data.Completion.IsCompleted; times++)
            await link.Connection.WriteDataAsync(1, bytes, cancellationToken);
    }

    private static byte[] MakeNested(int length)
    {
        var nested = Array.Empty<byte>();
        while (nested.Length < length)
        {
            // Many levels at a time, since each copies what is inside it.
            var levels = Math.Min(2000, (length - nested.Length) / 4 + 1);
            var heads = new Stack<byte[]>();
            var inside = nested.Length;
            for (var level = 0; level < levels; level++)
            {
                var head = Head(Frame.HaveFieldNumber, inside);
                heads.Push(head);
                inside += head.Length;
            }

            nested = [.. heads.SelectMany(head => head), .. nested];
        }

        return Wrap(LinkRequest.FrameFieldNumber, nested);
    }

    private static byte[] Wrap(int field, byte[] inside) => [.. Head(field, inside.Length), .. inside];

    private static byte[] Head(int field, int length)
    {
        var head = new byte[10];
        using var output = new CodedOutputStream(head);
        output.WriteTag(field, WireFormat.WireType.LengthDelimited);
        output.WriteLength(length);
        return head[..(head.Length - output.SpaceLeft)];
    }
}

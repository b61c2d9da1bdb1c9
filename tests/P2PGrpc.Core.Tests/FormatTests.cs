using System.Text;
using CsCheck;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>Texts, bodies and headers: what is written is read, and nothing else is.</summary>
public sealed class FormatTests
{
    private static readonly IdentityKey Author = IdentityKey.FromSeed(new byte[IdentityKey.SeedLength]);
    private static readonly LogKey Log = new(ConversationId.Direct(Author.PeerId, Author.PeerId), Author.PeerId, 1);

    [Fact]
    public void Base32_round_trips_and_agrees_with_a_string_of_bits() => Gen.Byte.Array[0, 80].Sample(bytes =>
    {
        var text = Base32.Encode(bytes);
        var bits = string.Concat(bytes.Select(value => Convert.ToString(value, 2).PadLeft(8, '0')));
        var model = new StringBuilder();
        for (var at = 0; at < bits.Length; at += 5)
            model.Append("abcdefghijklmnopqrstuvwxyz234567"[Convert.ToInt32(bits[at..Math.Min(bits.Length, at + 5)].PadRight(5, '0'), 2)]);
        Assert.Equal(model.ToString(), text);
        var back = new byte[bytes.Length];
        Assert.True(Base32.TryDecode(text, back));
        Assert.Equal(bytes, back);
    });

    [Fact]
    public void Each_value_has_one_text_only() => Gen.Select(Gen.Byte.Array[32], Gen.Int[0, 51], Gen.Char).Sample((bytes, at, character) =>
    {
        var text = Base32.Encode(bytes);
        var changed = text[..at] + character + text[(at + 1)..];
        var back = new byte[32];
        if (changed != text && Base32.TryDecode(changed, back))
            Assert.Equal(changed, Base32.Encode(back));
        Assert.False(Base32.TryDecode(text + "a", back));
        Assert.False(Base32.TryDecode(text.AsSpan(0, 51), back));
        Assert.Equal(!text.Any(char.IsLetter), PeerId.TryParse(text.ToUpperInvariant(), out _));
    });

    [Fact]
    public void References_round_trip_and_nothing_else_is_read()
    {
        var reference = new MessageReference(Log.ToLogId(), 12);
        Assert.True(MessageReference.TryParse(reference.ToString(), out var back));
        Assert.Equal(reference, back);
        Gen.String.Sample(text => Assert.False(MessageReference.TryParse(text, out _)));
        Assert.False(MessageReference.TryParse($"{Log.ToLogId()}/0", out _));
        Assert.False(MessageReference.TryParse($"{Log.ToLogId()}/-1", out _));
        Assert.False(MessageReference.TryParse($"{Log.ToLogId()}/99999999999999999999", out _));
    }

    [Fact]
    public void Bodies_round_trip_entry_by_entry() => Gen.String.Array[1, 30].Sample(texts =>
    {
        var builder = new SegmentBodyBuilder();
        var entries = texts.Select(text => new Protocol.Entry { Clock = 5, Content = new Protocol.Content { ContentType = Clean(text) } }).ToArray();
        foreach (var entry in entries)
            Assert.True(builder.TryAdd(entry.ToByteArray()));
        var body = builder.Build();
        Assert.Equal(0, builder.Count);
        Assert.Equal(entries, SegmentBodyReader.Read(Header(entries.Length, body), body));
        Assert.Equal(entries, Protocol.SegmentBody.Parser.ParseFrom(body).Entries);
    });

    [Fact]
    public void A_body_takes_no_more_than_its_limits()
    {
        var builder = new SegmentBodyBuilder();
        Assert.False(builder.TryAdd(new byte[LogLimits.BodyLength]));
        Assert.True(builder.TryAdd(new byte[LogLimits.BodyLength - 4]));
        Assert.False(builder.TryAdd([]));
        Assert.Equal(LogLimits.BodyLength, builder.Build().Length);
        for (var count = 0; count < LogLimits.EntryCount; count++)
            Assert.True(builder.TryAdd([]));
        Assert.False(builder.TryAdd([]));
    }

    [Fact]
    public void Garbage_in_a_body_leaves_entries_out_and_never_throws() => Gen.Select(Gen.Byte.Array[0, 200], Gen.Int[1, 20]).Sample((body, count) =>
        Assert.Equal(count, SegmentBodyReader.Read(Header(count, body), body).Length));

    [Fact]
    public void A_flipped_byte_in_a_body_never_throws() => Gen.Select(Gen.Int[0, 10_000], Gen.Byte).Sample((at, value) =>
    {
        var builder = new SegmentBodyBuilder();
        for (var count = 0; count < 5; count++)
            builder.TryAdd(new Protocol.Entry { Clock = 7, Content = new Protocol.Content { Text = "text", Headers = { ["a"] = "b" } } }.ToByteArray());
        var body = builder.Build();
        body[at % body.Length] = value;
        Assert.Equal(5, SegmentBodyReader.Read(Header(5, body), body).Length);
    });

    [Fact]
    public void Fields_of_later_versions_are_passed_over()
    {
        var builder = new SegmentBodyBuilder();
        var entry = new Protocol.Entry { Clock = 9 };
        builder.TryAdd(entry.ToByteArray());
        byte[] later = [0x78, 0x05, 0x7A, 0x01, 0xFF, 0x7D, 1, 2, 3, 4, 0x79, 1, 2, 3, 4, 5, 6, 7, 8];
        byte[] body = [.. later, .. builder.Build(), .. later];
        Assert.Equal([entry, null], SegmentBodyReader.Read(Header(2, body), body));
    }

    [Fact]
    public void Headers_round_trip_through_their_message() => Gen.Select(Gen.Byte.Array[0, 100], Gen.Byte.Array[0, 256], Gen.Int[1, 4096]).Sample((body, opening, count) =>
    {
        var header = SegmentHeader.Sign(Author, Log, Log.ToLogId().Empty, count, body, opening);
        var back = SegmentCodec.Read(Protocol.SegmentHeader.Parser.ParseFrom(SegmentCodec.Write(header).ToByteArray()))!;
        Assert.Equal(header.Hash, back.Hash);
        Assert.Equal(header.LogId, back.LogId);
        Assert.Null(SegmentVerification.FindFault(back));
        Assert.True(header.Weight >= SegmentCodec.Write(header).CalculateSize() + body.Length);
    });

    [Fact]
    public void Garbage_is_no_header_and_never_throws() => Gen.Byte.Array[0, 400].Sample(bytes =>
    {
        try
        {
            Assert.Null(SegmentCodec.Read(Protocol.SegmentHeader.Parser.ParseFrom(bytes)));
        }
        catch (InvalidProtocolBufferException)
        {
            // Not even a message.
        }
    });

    [Fact]
    public void Sizes_that_no_segment_has_are_refused()
    {
        Action<Protocol.SegmentHeader>[] changes =
        [
            message => message.Log = null,
            message => message.Log.Author = ByteString.CopyFrom(1, 2),
            message => message.Log.Conversation = ByteString.Empty,
            message => message.Previous = ByteString.CopyFrom(new byte[33]),
            message => message.BodyHash = ByteString.Empty,
            message => message.Signature = ByteString.CopyFrom(new byte[63]),
            message => message.Opening = ByteString.CopyFrom(new byte[LogLimits.OpeningLength + 1]),
            message => message.Count = 0,
            message => message.Count = LogLimits.EntryCount + 1,
            message => message.BodyLength = LogLimits.BodyLength + 1,
            message => message.BodyLength = uint.MaxValue,
            message => message.FirstSequence = 0,
            message => message.FirstSequence = LogLimits.Sequence,
            message => message.FirstSequence = LogLimits.Sequence - 1,
            message => message.FirstSequence = ulong.MaxValue,
            message => message.Cipher = 256,
        ];
        var header = SegmentHeader.Sign(Author, Log, Log.ToLogId().Empty, 2, [1], []);
        foreach (var change in changes)
        {
            var message = SegmentCodec.Write(header).Clone();
            change(message);
            var read = SegmentCodec.Read(message);
            Assert.True(read is null || SegmentVerification.FindFault(read) is not null, message.ToString());
        }
    }

    private static SegmentHeader Header(int count, byte[] body) => SegmentHeader.Sign(Author, Log, Log.ToLogId().Empty, count, body, []);

    /// <summary>Without lone surrogates, which UTF-8 can't carry.</summary>
    private static string Clean(string text) => new(text.Where(character => !char.IsSurrogate(character)).ToArray());
}

using System.Buffers;
using Google.Protobuf;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Conversations;

public sealed class OutgoingBatchTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 200)];

    /// <summary>Whatever bytes come, reading them without a parser gives what the parser gives, or fails as it does.</summary>
    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_batch_read_from_bytes_is_the_batch_that_the_parser_reads(int seed)
    {
        var random = new Random(seed);
        var bytes = Draw(random).ToByteArray();
        for (var flips = seed % 2 == 0 ? 0 : random.Next(1, 4); flips > 0; flips--)
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));

        SendStreamRequest expected;
        try
        {
            expected = SendStreamRequest.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            Assert.Throws<InvalidProtocolBufferException>(() => OutgoingBatch.Read(new ReadOnlySequence<byte>(bytes)));
            return;
        }

        var batch = OutgoingBatch.Read(new ReadOnlySequence<byte>(bytes));
        Assert.Equal((expected.To, expected.Ephemeral), (batch.To, batch.Ephemeral));
        Assert.Equal(expected.Messages, batch.Messages.Select(Parse));
        foreach (var message in batch.Messages.Where(message => message.Content is null))
            Assert.Null(Record.Exception(() => ContentRule.Check(Parse(message))));
    }

    [Theory]
    [InlineData("", false)]
    [InlineData("text", true)]
    public void Only_a_good_text_is_simple(string text, bool simple) =>
        Assert.Equal(simple, EncodedContent.IsSimple(new Content { Text = text }.ToByteArray()));

    [Fact]
    public void What_is_beyond_the_limits_or_no_UTF8_is_not_simple()
    {
        Assert.True(EncodedContent.IsSimple(new Content { Text = new string('x', ContentLimits.BodyLength) }.ToByteArray()));
        Assert.False(EncodedContent.IsSimple(new Content { Text = new string('x', ContentLimits.BodyLength + 1) }.ToByteArray()));
        Assert.False(EncodedContent.IsSimple([0x0A, 1, 0xFF]));
        Assert.False(EncodedContent.IsSimple([0x0A, 2, (byte)'x']));
        Assert.False(EncodedContent.IsSimple(new Content { Data = ByteString.CopyFrom(1) }.ToByteArray()));
        Assert.True(EncodedContent.IsSimple(new Content { Data = ByteString.CopyFrom(1), ContentType = "a/b" }.ToByteArray()));
        Assert.False(EncodedContent.IsSimple(new Content { Data = ByteString.CopyFrom(1), ContentType = new string('x', 256) }.ToByteArray()));
        Assert.False(EncodedContent.IsSimple(new Content { Text = "x", MessageId = "id" }.ToByteArray()));
    }

    private static SendStreamRequest Draw(Random random)
    {
        var request = new SendStreamRequest { To = random.Next(2) == 0 ? "bob" : "", Ephemeral = random.Next(2) == 0 };
        for (var count = random.Next(1, 6); count > 0; count--)
        {
            var content = new Content();
            switch (random.Next(3))
            {
                case 0:
                    content.Text = new string('x', random.Next(1, 300));
                    break;
                case 1:
                    (content.Data, content.ContentType) = (ByteString.CopyFrom(new byte[random.Next(1, 300)]), "a/b");
                    break;
                default:
                    (content.Text, content.MessageId) = ("x", "id");
                    content.Headers["name"] = "value";
                    break;
            }

            request.Messages.Add(content);
        }

        return request;
    }

    private static Content Parse(OutgoingContent message) => message.Content ?? Content.Parser.ParseFrom(message.Encoded.Span);
}

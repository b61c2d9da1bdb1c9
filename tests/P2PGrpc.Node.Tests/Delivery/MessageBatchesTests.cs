using System.Buffers;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Protocol;
using Xunit;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Node.Tests.Delivery;

/// <summary>V1: what an author writes into a segment does not decide how long the answer to a subscriber gets.</summary>
public sealed class MessageBatchesTests
{
    /// <summary>Breaks off inside the clock.</summary>
    private static readonly byte[] Unreadable = [0x09];

    private static readonly byte[] Readable = new Entry { Clock = 7, Content = new Content { Text = "" } }.ToByteArray();

    [Fact]
    public async Task A_segment_with_gaps_makes_one_batch_in_which_they_keep_their_places()
    {
        await using var node = await RunningNode.StartAsync("node");
        byte[][] entries = [.. Enumerable.Range(0, LogLimits.EntryCount - 1).Select(index => index % 2 == 0 ? Unreadable : Readable), Unreadable];
        var segment = MakeSegment(node, entries);
        var clocks = new List<ulong>();

        var batch = new MessageBatches(node.Runtime.Recipients, null, true, clocks.Add).Make(segment, 0)!;

        Assert.Equal([7ul], clocks);
        Assert.Equal((2ul, 11ul), (batch.FirstSequence, batch.FirstPosition));
        // The gaps before the first and after the last message are left out.
        Assert.Equal(LogLimits.EntryCount - 3, batch.Messages.Count);
        Assert.Equal(
            Enumerable.Range(0, batch.Messages.Count).Select(index => index % 2 == 0),
            batch.Messages.Select(entry => entry.Content is not null));
        Assert.Equal(new Entry(), batch.Messages[1]);
        Assert.InRange(batch.CalculateSize(), 0, segment.Body.Length + 1000);
    }

    [Fact]
    public async Task A_subscriber_inside_a_segment_gets_what_is_readable_after_its_place()
    {
        await using var node = await RunningNode.StartAsync("node");
        var batches = new MessageBatches(node.Runtime.Recipients, null, true, _ => { });
        var segment = MakeSegment(node, [Readable, Unreadable, Readable, Unreadable]);
        var batch = batches.Make(segment, 10)!;
        Assert.Equal((3ul, 12ul, 1), (batch.FirstSequence, batch.FirstPosition, batch.Messages.Count));

        Assert.Null(batches.Make(segment, 12));
        Assert.Null(batches.Make(MakeSegment(node, [Unreadable, Unreadable]), 0));
    }

    public static TheoryData<int> Seeds => [.. Enumerable.Range(0, 50)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task What_is_passed_on_as_bytes_reads_as_what_is_made_of_objects(int seed)
    {
        await using var node = await RunningNode.StartAsync("node");
        var random = new Random(seed);
        var clocks = new List<ulong>();
        var stretch = new FeedStretch(new MessageBatches(node.Runtime.Recipients, null, true, clocks.Add)) { Cursor = new Cursor { Position = 5, Check = 6 }, CaughtUp = seed % 2 == 0 };
        for (var count = random.Next(4); count >= 0; count--)
        {
            var segment = MakeSegment(node, [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => DrawEntry(random, seed % 3))]);
            if (random.Next(4) == 0)
                segment = segment with { Body = default, Erased = true };
            stretch.Add(segment, segment.FirstPosition - 1 + (ulong)random.Next(segment.Header.Count));
        }

        var expected = stretch.ToResponse();
        var observed = clocks.DefaultIfEmpty().Max();
        clocks.Clear();
        var writer = new ArrayBufferWriter<byte>();
        var encoded = new EncodedResponse(stretch);
        encoded.WriteTo(writer);

        Assert.Equal(encoded.Length, writer.WrittenCount);
        Assert.Equal(expected, SubscribeResponse.Parser.ParseFrom(writer.WrittenSpan));
        Assert.Equal(observed, clocks.DefaultIfEmpty().Max());
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Ephemeral_messages_passed_on_as_bytes_read_as_those_made_of_objects(int seed)
    {
        await using var node = await RunningNode.StartAsync("node");
        using var author = StoreFixture.MakeKey(9);
        var random = new Random(seed);
        var builder = new SegmentBodyBuilder();
        byte[][] entries = [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ => DrawEntry(random, seed % 3))];
        Assert.All(entries, entry => Assert.True(builder.TryAdd(entry)));
        var ephemeral = new EphemeralMessages(
            author.PeerId, ConversationId.Direct(author.PeerId, PeerId.Parse(node.Id)), builder.Build(), entries.Length);
        var stretch = new FeedStretch(new MessageBatches(node.Runtime.Recipients, null, true, _ => { })) { Ephemeral = ephemeral };
        var writer = new ArrayBufferWriter<byte>();
        new EncodedResponse(stretch).WriteTo(writer);

        var response = SubscribeResponse.Parser.ParseFrom(writer.WrittenSpan);
        Assert.Equal(stretch.ToResponse(), response);
        Assert.Equal(entries.Count(entry => entry != Unreadable), response.Batches.Sum(batch => batch.Messages.Count));
        Assert.All(response.Batches, batch => Assert.True(batch.Ephemeral));
    }

    /// <summary>Some parsers refuse a length of more than five bytes, so that a subscriber would never come past such a message.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Lengths_that_take_more_bytes_than_they_need_are_not_passed_on(int level)
    {
        await using var node = await RunningNode.StartAsync("node");
        byte[] content = Field(Content.TextFieldNumber, "hello"u8.ToArray(), level == 0);
        byte[] entry = [.. new Entry { Clock = 7 }.ToByteArray(), .. Field(Entry.ContentFieldNumber, content, level == 1)];
        var body = Field(SegmentBody.EntriesFieldNumber, entry, level == 2);
        using var author = StoreFixture.MakeKey(9);
        var conversation = ConversationId.Direct(author.PeerId, PeerId.Parse(node.Id));
        var log = new LogKey(conversation, author.PeerId, 1);
        var segment = new FeedSegment(10, SegmentHeader.Sign(author, log, log.ToLogId().Empty, 1, body, []), body);
        var batches = new MessageBatches(node.Runtime.Recipients, null, true, _ => { });
        var stored = new FeedStretch(batches);
        stored.Add(segment, 0);

        foreach (var stretch in new[] { stored, new FeedStretch(batches) { Ephemeral = new EphemeralMessages(author.PeerId, conversation, body, 1) } })
        {
            var writer = new ArrayBufferWriter<byte>();
            new EncodedResponse(stretch).WriteTo(writer);
            var expected = stretch.ToResponse();
            Assert.Equal("hello", Assert.Single(Assert.Single(expected.Batches).Messages).Content.Text);
            Assert.Equal(expected.ToByteArray(), writer.WrittenSpan);
        }

        static byte[] Field(int number, byte[] value, bool overlong) => overlong
            ? [(byte)((number << 3) | 2), (byte)(value.Length | 0x80), 0x80, 0x80, 0x80, 0x80, 0x00, .. value]
            : [(byte)((number << 3) | 2), (byte)value.Length, .. value];
    }

    private static byte[] DrawEntry(Random random, int oddity)
    {
        var content = new Content();
        if (random.Next(2) == 0)
            content.Text = new string('ä', random.Next(1, 200));
        else
            (content.Data, content.ContentType) = (ByteString.CopyFrom(new byte[random.Next(1, 300)]), "a/b");
        if (oddity == 1 && random.Next(3) == 0)
            content.Headers["name"] = "value";
        if (oddity == 2 && random.Next(3) == 0)
            return Unreadable;
        return new Entry { Clock = (ulong)random.Next(1, 1000), Content = content }.ToByteArray();
    }

    /// <summary>A segment of another author whose first entry is at position 10.</summary>
    private static FeedSegment MakeSegment(RunningNode node, byte[][] entries)
    {
        using var author = StoreFixture.MakeKey(9);
        var builder = new SegmentBodyBuilder();
        foreach (var entry in entries)
            Assert.True(builder.TryAdd(entry));
        var body = builder.Build();
        var log = new LogKey(ConversationId.Direct(author.PeerId, PeerId.Parse(node.Id)), author.PeerId, 1);
        return new FeedSegment(10, SegmentHeader.Sign(author, log, log.ToLogId().Empty, entries.Length, body, []), body);
    }
}

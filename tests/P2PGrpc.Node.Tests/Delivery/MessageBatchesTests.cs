using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
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
        var response = new SubscribeResponse();

        Assert.Equal(7ul, new MessageBatches(node.Runtime.Recipients, null, true).Add(response, segment, 0));

        var batch = Assert.Single(response.Batches);
        Assert.Equal((2ul, 11ul), (batch.FirstSequence, batch.FirstPosition));
        // The gaps before the first and after the last message are left out.
        Assert.Equal(LogLimits.EntryCount - 3, batch.Messages.Count);
        Assert.Equal(
            Enumerable.Range(0, batch.Messages.Count).Select(index => index % 2 == 0),
            batch.Messages.Select(entry => entry.Content is not null));
        Assert.Equal(new Entry(), batch.Messages[1]);
        Assert.InRange(response.CalculateSize(), 0, segment.Body.Length + 1000);
    }

    [Fact]
    public async Task A_subscriber_inside_a_segment_gets_what_is_readable_after_its_place()
    {
        await using var node = await RunningNode.StartAsync("node");
        var batches = new MessageBatches(node.Runtime.Recipients, null, true);
        var segment = MakeSegment(node, [Readable, Unreadable, Readable, Unreadable]);
        var response = new SubscribeResponse();
        batches.Add(response, segment, 10);
        var batch = Assert.Single(response.Batches);
        Assert.Equal((3ul, 12ul, 1), (batch.FirstSequence, batch.FirstPosition, batch.Messages.Count));

        var rest = new SubscribeResponse();
        batches.Add(rest, segment, 12);
        batches.Add(rest, MakeSegment(node, [Unreadable, Unreadable]), 0);
        Assert.Empty(rest.Batches);
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

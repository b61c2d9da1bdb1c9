using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;
using Xunit;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.EndToEnd;

/// <summary>L1: a node begins a new log at each start, so one that starts often, for years, has many.</summary>
public sealed class ManyLogsTests
{
    [Fact]
    public async Task A_reader_gets_all_that_was_written_in_twelve_thousand_starts_over_one_link()
    {
        const int count = 12_000;
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();
        await Task.WhenAll(alice.StopAsync(), bob.StopAsync());
        var (author, reader) = (ReadKey(alice), ReadKey(bob));
        using (author)
        using (reader)
            await WriteAsync(alice, author, ConversationId.Direct(author.PeerId, reader.PeerId), count);

        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        var sent = await alice.Client.SendAsync("bob", "after all that", waitFor: DeliveryState.Delivered, limit: Eventually.Generous);

        Assert.Equal(DeliveryState.Delivered, sent.State);
        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, count + 1);
        Assert.Equal([.. Enumerable.Range(1, count).Select(start => $"start {start}"), "after all that"], read.Texts);
        var node = await alice.Client.Node.GetNodeAsync(new GetNodeRequest());
        Assert.Equal(0ul, node.Undelivered);
        Assert.DoesNotContain("does not read", alice.Output + bob.Output, StringComparison.Ordinal);
    }

    private static IdentityKey ReadKey(NodeProcess node)
    {
        using var directory = DataDirectory.Open(node.DataDirectory);
        return IdentityFile.LoadOrCreate(directory.IdentityPath);
    }

    /// <summary>What a node leaves that was started so often and wrote one message each time: each log names the one before.</summary>
    private static async Task WriteAsync(NodeProcess node, IdentityKey author, ConversationId conversation, int count)
    {
        var options = new LogStoreOptions { DatabasePath = node.DatabasePath };
        await using var store = LogStore.Open(options, author, TimeProvider.System, NullLogger<LogStore>.Instance);
        var last = store.LastPosition + (ulong)count;
        byte[] opening = [];
        for (var start = 1; start <= count; start++)
        {
            var log = new LogKey(conversation, author.PeerId, (ulong)start);
            var builder = new SegmentBodyBuilder();
            builder.TryAdd(new Entry { Clock = (ulong)start, Content = new Content { Text = $"start {start}" } }.ToByteArray());
            var body = builder.Build();
            var header = SegmentHeader.Sign(author, log, log.ToLogId().Empty, 1, body, opening);
            store.Store(header, new SegmentBytes(body), 0);
            opening = new Opening { PredecessorEpoch = log.Epoch, PredecessorHead = SegmentCodec.Write(header.Head) }.ToByteArray();
        }

        await store.WaitBeyondAsync(last - 1, CancellationToken.None);
    }
}

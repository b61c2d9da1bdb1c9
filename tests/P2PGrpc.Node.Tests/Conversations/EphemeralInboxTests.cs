using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Conversations;

/// <summary>Ephemeral messages on their way to those who listen.</summary>
public sealed class EphemeralInboxTests : IDisposable
{
    private readonly IdentityKey self = StoreFixture.MakeKey(1);
    private readonly IdentityKey author = StoreFixture.MakeKey(2);
    private readonly EphemeralInbox inbox = new();

    [Fact]
    public void What_comes_is_heard_by_who_listens()
    {
        var listener = inbox.Listen();
        var own = ConversationId.Direct(self.PeerId, author.PeerId);
        ReadOnlyMemory<byte> body = new SegmentBody { Entries = { new Entry { Content = new Content { Text = "now" } } } }.ToByteArray();

        inbox.Receive(author.PeerId, Write(own, body));

        Assert.True(listener.Reader.TryRead(out var heard));
        Assert.Equal((author.PeerId, own, 1), (heard.Author, heard.Conversation, heard.Count));
        Assert.Equal(body, heard.Body);
        Assert.False(listener.Reader.TryRead(out _));
    }

    /// <summary>A listener that stands still costs a bounded number of frames, and the newest are what it hears.</summary>
    [Fact]
    public void Who_reads_too_slowly_loses_the_oldest_and_they_are_counted()
    {
        const int sent = 1000;
        var listener = inbox.Listen();
        var own = ConversationId.Direct(self.PeerId, author.PeerId);
        for (var clock = 1ul; clock <= sent; clock++)
            inbox.Receive(author.PeerId, Write(own, new SegmentBody { Entries = { new Entry { Clock = clock }, new Entry() } }.ToByteArray()));

        var heard = new List<ulong>();
        while (listener.Reader.TryRead(out var message))
            heard.Add(SegmentBody.Parser.ParseFrom(message.Body.Span).Entries[0].Clock);

        Assert.InRange(heard.Count, 1, sent / 2);
        Assert.Equal(Enumerable.Range(sent - heard.Count + 1, heard.Count).Select(clock => (ulong)clock), heard);
        Assert.Equal(2 * (sent - heard.Count), inbox.Dropped);
    }

    public void Dispose()
    {
        self.Dispose();
        author.Dispose();
    }

    private static EphemeralBody Write(ConversationId conversation, ReadOnlyMemory<byte> body) => new(conversation, body, SegmentBodyReader.Count(body.Span));
}

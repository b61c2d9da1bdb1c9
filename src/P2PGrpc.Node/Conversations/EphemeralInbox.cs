using System.Threading.Channels;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Conversations;

/// <summary>Ephemeral messages of one peer, as they came.</summary>
/// <param name="Author">Who sent them.</param>
/// <param name="Conversation">Where to.</param>
/// <param name="Body">A SegmentBody.</param>
/// <param name="Count">How many entries it has.</param>
internal sealed record EphemeralMessages(PeerId Author, ConversationId Conversation, ReadOnlyMemory<byte> Body, int Count);

/// <summary>Hands ephemeral messages to those who listen now. Who reads too slowly loses the oldest. Thread-safe; never blocks.</summary>
internal sealed class EphemeralInbox
{
    /// <summary>Frames held for one listener.</summary>
    private const int Capacity = 256;

    private readonly PeerId self;
    private readonly Lock gate = new();
    private Channel<EphemeralMessages>[] listeners = [];
    private long dropped;

    public EphemeralInbox(PeerId self) => this.self = self;

    /// <summary>Messages that were dropped because a listener was too slow, or that had no place in a conversation of the two nodes.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    public void Receive(PeerId author, Ephemeral message)
    {
        if (!TransientFrames.TryRead(message, out var conversation, out var count, out _) || conversation != ConversationId.Direct(self, author))
        {
            Interlocked.Increment(ref dropped);
            return;
        }

        var arrived = new EphemeralMessages(author, conversation, message.Body.Memory, count);
        foreach (var listener in Volatile.Read(ref listeners))
            listener.Writer.TryWrite(arrived);
    }

    public Channel<EphemeralMessages> Listen()
    {
        var listener = Channel.CreateBounded<EphemeralMessages>(
            new BoundedChannelOptions(Capacity) { FullMode = BoundedChannelFullMode.DropOldest },
            lost => Interlocked.Add(ref dropped, lost.Count));
        lock (gate)
            listeners = [.. listeners, listener];
        return listener;
    }

    public void Leave(Channel<EphemeralMessages> listener)
    {
        lock (gate)
            listeners = [.. listeners.Where(other => other != listener)];
    }
}

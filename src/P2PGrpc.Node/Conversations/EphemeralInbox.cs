using System.Threading.Channels;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Wire;

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
    private readonly Lock gate = new();
    private Channel<EphemeralMessages>[] listeners = [];
    private long dropped;

    /// <summary>Messages that were dropped because a listener was too slow.</summary>
    public long Dropped => Interlocked.Read(ref dropped);

    public void Receive(PeerId author, EphemeralBody messages)
    {
        var arrived = new EphemeralMessages(author, messages.Conversation, messages.Bytes, messages.Count);
        foreach (var listener in Volatile.Read(ref listeners))
            listener.Writer.TryWrite(arrived);
    }

    public Channel<EphemeralMessages> Listen()
    {
        var listener = Channel.CreateBounded<EphemeralMessages>(
            new BoundedChannelOptions(ContentLimits.WaitingEphemerals) { FullMode = BoundedChannelFullMode.DropOldest },
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

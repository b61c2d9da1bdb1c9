using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Counts in memory what is held of each conversation, and how far each has been erased. Thread-safe.</summary>
internal sealed class HeldBytes
{
    private readonly Lock gate = new();
    private readonly Dictionary<ConversationId, Holding> holdings = [];
    private long all;

    /// <summary>What is held of one conversation.</summary>
    /// <param name="Bytes">Bytes of bodies.</param>
    /// <param name="Done">Through this position all of it was erased or spared.</param>
    internal readonly record struct Holding(long Bytes, ulong Done);

    /// <summary>A segment is held that was not counted.</summary>
    /// <param name="conversation">Its conversation.</param>
    /// <param name="firstPosition">The position of its first entry.</param>
    /// <param name="bytes">The length of its body.</param>
    public void Add(ConversationId conversation, ulong firstPosition, long bytes)
    {
        lock (gate)
        {
            // Of what was not known before nothing older is held, however the counting and the writing run beside each other.
            var holding = holdings.TryGetValue(conversation, out var known) ? known : new Holding(0, firstPosition - 1);
            holdings[conversation] = new Holding(holding.Bytes + bytes, Math.Min(holding.Done, firstPosition - 1));
            all += bytes;
        }
    }

    public void Erase(ConversationId conversation, ulong lastPosition, long bytes)
    {
        lock (gate)
        {
            var holding = holdings.GetValueOrDefault(conversation);
            holdings[conversation] = new Holding(holding.Bytes - bytes, Math.Max(holding.Done, lastPosition));
            all -= bytes;
        }
    }

    /// <summary>Nothing of the conversation is left to erase through a position.</summary>
    public void Pass(ConversationId conversation, ulong position) => Erase(conversation, position, 0);

    public Dictionary<ConversationId, Holding> Read()
    {
        lock (gate)
            return new Dictionary<ConversationId, Holding>(holdings);
    }

    /// <summary>Bytes of a conversation, and of all.</summary>
    public (long OfConversation, long OfAll) Count(ConversationId conversation)
    {
        lock (gate)
            return (holdings.GetValueOrDefault(conversation).Bytes, all);
    }

    public void Clear()
    {
        lock (gate)
        {
            holdings.Clear();
            all = 0;
        }
    }
}

using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>Judges which segments are to be erased, from the oldest on. Pure: it is given what is held, and counts along as it judges.</summary>
internal sealed class RetentionRule
{
    private readonly RetentionSettings settings;
    private readonly Dictionary<ConversationId, Conversation> conversations = [];
    private long allBytes;

    /// <param name="settings">What is to be kept.</param>
    /// <param name="held">What is held of each conversation.</param>
    /// <param name="undelivered">Bytes of each conversation that can't be erased because nobody else holds them: they do not count.</param>
    /// <param name="findOlderThan">For a number of days the position before which everything is at least that old.</param>
    public RetentionRule(
        RetentionSettings settings, IReadOnlyDictionary<ConversationId, HeldBytes.Holding> held, IReadOnlyDictionary<ConversationId, long> undelivered,
        Func<int, ulong> findOlderThan)
    {
        this.settings = settings;
        foreach (var (conversation, holding) in held)
        {
            var bytes = Math.Max(0, holding.Bytes - undelivered.GetValueOrDefault(conversation));
            allBytes += bytes;
            var tooOldBefore = settings.DaysOf(conversation) is { } days ? findOlderThan(days) : 0;
            conversations.Add(conversation, new Conversation(holding.Done, tooOldBefore, settings.BytesOf(conversation)) { Bytes = bytes });
        }
    }

    private bool IsAllOver => settings.Node.Bytes is { } limit && allBytes > limit;

    /// <summary>The position after which the first segment that is due may stand; null if none can be due.</summary>
    public ulong? FindStart()
    {
        ulong? start = null;
        foreach (var conversation in conversations.Values)
        {
            if ((conversation.MayBeDueAfter(conversation.Done) || IsAllOver) && (start is null || conversation.Done < start))
                start = conversation.Done;
        }

        return start;
    }

    /// <summary>False if nothing that stands after a position can be due.</summary>
    public bool MayBeDueAfter(ulong position)
    {
        if (IsAllOver)
            return true;
        foreach (var conversation in conversations.Values)
        {
            if (conversation.MayBeDueAfter(position))
                return true;
        }

        return false;
    }

    /// <summary>Whether a segment is due. To be asked in order of position, for each that still has its body.</summary>
    public bool IsDue(ConversationId conversation, ulong lastPosition) =>
        conversations.TryGetValue(conversation, out var held) && (lastPosition < held.TooOldBefore || held.IsOver || IsAllOver);

    /// <summary>A segment will be erased: its bytes count no more.</summary>
    public void Take(ConversationId conversation, long bytes)
    {
        conversations[conversation].Bytes -= bytes;
        allBytes -= bytes;
    }

    /// <summary>Through which position nothing of each conversation is left, once all that is due was taken up to a position.</summary>
    public IEnumerable<(ConversationId Conversation, ulong Position)> FindDone(ulong through)
    {
        foreach (var (id, conversation) in conversations)
        {
            var position = Math.Min(conversation.TooOldBefore, through + 1);
            if (position > conversation.Done + 1)
                yield return (id, position - 1);
        }
    }

    private sealed class Conversation(ulong done, ulong tooOldBefore, long? limit)
    {
        public ulong Done { get; } = done;

        public ulong TooOldBefore { get; } = tooOldBefore;

        public long Bytes { get; set; }

        public bool IsOver => limit is { } most && Bytes > most;

        public bool MayBeDueAfter(ulong position) => IsOver || position + 1 < TooOldBefore;
    }
}

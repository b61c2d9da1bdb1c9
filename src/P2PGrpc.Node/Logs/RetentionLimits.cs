using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>How long, and how much, is kept. Null: without end.</summary>
/// <param name="Days">Days in which the node ran.</param>
/// <param name="Bytes">Bytes of bodies.</param>
internal readonly record struct RetentionLimits(int? Days, long? Bytes)
{
    /// <summary>A hundred years: whoever wants to keep a conversation longer than the node keeps others says so.</summary>
    public const int MaximumDays = 36_500;

    /// <summary>Less would not hold a single large message.</summary>
    public const long MinimumBytes = 1024 * 1024;

    public bool IsEmpty => Days is null && Bytes is null;
}

/// <summary>What is kept by the node, and what by single conversations.</summary>
/// <param name="Node">The days for all conversations without days of their own, and the bytes of all together.</param>
/// <param name="Own">What single conversations have.</param>
internal sealed record RetentionSettings(RetentionLimits Node, IReadOnlyDictionary<ConversationId, RetentionLimits> Own)
{
    public bool IsEmpty => Node.IsEmpty && Own.Count == 0;

    public int? DaysOf(ConversationId conversation) => Own.GetValueOrDefault(conversation).Days ?? Node.Days;

    /// <summary>Whether anything of a conversation may be erased at all.</summary>
    public bool Limits(ConversationId conversation) => Node.Bytes is not null || DaysOf(conversation) is not null || BytesOf(conversation) is not null;

    public long? BytesOf(ConversationId conversation) => Own.GetValueOrDefault(conversation).Bytes;
}

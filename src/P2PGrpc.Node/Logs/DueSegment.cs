using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>What is to become of a segment whose time has come.</summary>
internal enum Due
{
    /// <summary>Its body is erased.</summary>
    Erase,

    /// <summary>It is this node's own and nobody else holds it yet: it stays, and is noted, so that it is found again.</summary>
    Spare,
}

/// <summary>A segment that retention has come to.</summary>
/// <param name="Conversation">Its conversation.</param>
/// <param name="FirstPosition">The position of its first entry.</param>
/// <param name="LastPosition">That of its last one.</param>
/// <param name="Bytes">The length of its body.</param>
/// <param name="Due">What is to become of it.</param>
internal readonly record struct DueSegment(ConversationId Conversation, ulong FirstPosition, ulong LastPosition, long Bytes, Due Due);

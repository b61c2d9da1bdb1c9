using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>A message that is to be appended.</summary>
/// <param name="Content">An encoded Content, its message_id field included. Kept until the append has ended.</param>
/// <param name="MessageId">The idempotency key, or null.</param>
/// <param name="Compared">What is compared where the key is used again, if that is not all of the content; null if it is.</param>
internal readonly record struct Draft(ReadOnlyMemory<byte> Content, string? MessageId, ReadOnlyMemory<byte>? Compared = null);

/// <summary>What became of a draft.</summary>
internal enum AppendState
{
    /// <summary>It is on disk now.</summary>
    Accepted,

    /// <summary>The same content went to the same conversation under this message_id before: the reference is that message's.</summary>
    Repeated,

    /// <summary>Another content or conversation used this message_id before: nothing was appended, and the reference is that message's.</summary>
    Conflict,
}

/// <summary>The answer to a draft.</summary>
internal readonly record struct AppendResult(AppendState State, MessageReference Reference);

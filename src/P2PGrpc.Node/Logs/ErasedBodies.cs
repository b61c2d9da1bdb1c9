using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>Bodies of a conversation that have just been erased, for good: whoever keeps copies of them erases those, too.</summary>
/// <param name="Conversation">The conversation.</param>
/// <param name="Segments">The first and the last position of each segment, in order.</param>
/// <param name="Through">Everything of the conversation through this position has been erased by now, but for the spared segments that
/// <see cref="ErasureTable"/> lists.</param>
/// <param name="Freed">By how much less each author's part weighs now.</param>
internal sealed record ErasedBodies(
    ConversationId Conversation, IReadOnlyList<(ulong First, ulong Last)> Segments, ulong Through, IReadOnlyList<AuthorWeight> Freed);

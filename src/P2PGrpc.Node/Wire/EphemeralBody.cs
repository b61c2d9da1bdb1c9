using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Wire;

/// <summary>Ephemeral messages that are encoded already.</summary>
/// <param name="Conversation">Where to.</param>
/// <param name="Bytes">A SegmentBody. One that is made here has nothing but entries, so that two of them make one when they are put together.</param>
/// <param name="Count">How many messages it holds.</param>
internal readonly record struct EphemeralBody(ConversationId Conversation, ReadOnlyMemory<byte> Bytes, int Count);

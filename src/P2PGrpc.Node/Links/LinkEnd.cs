using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Why a link ended, in the protocol's terms and as a sentence for people.</summary>
internal sealed record LinkEnd(GoodbyeReason Reason, string Detail, bool ByOther);

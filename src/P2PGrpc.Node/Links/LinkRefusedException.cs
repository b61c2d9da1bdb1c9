using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>A link did not come up because one side would not have it.</summary>
/// <param name="reason">The reason in the protocol's terms.</param>
/// <param name="detail">A sentence, cleaned for display.</param>
/// <param name="byOther">True if the other side refused; false if this one did.</param>
internal sealed class LinkRefusedException(GoodbyeReason reason, string detail, bool byOther) : Exception(detail)
{
    public GoodbyeReason Reason { get; } = reason;

    public bool ByOther { get; } = byOther;
}

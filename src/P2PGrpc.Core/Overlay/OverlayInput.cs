using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Overlay;

/// <summary>Everything that can happen to a view of a room.</summary>
internal abstract record OverlayInput
{
    /// <summary>A member can be dialled.</summary>
    /// <param name="Peer">The member.</param>
    /// <param name="HasRecord">It has signed an address record, which may be told to others.</param>
    internal sealed record Known(PeerId Peer, bool HasRecord) : OverlayInput;

    /// <summary>A member's record is new here, and worth passing on. Comes after <see cref="Known"/>.</summary>
    internal sealed record News(PeerId Peer) : OverlayInput;

    /// <summary>A member can't be dialled any more, or must not be.</summary>
    internal sealed record Forgotten(PeerId Peer) : OverlayInput;

    /// <summary>The owner has put a peer in the book, or taken it out: others than this node's room keep or end its link.</summary>
    internal sealed record Configured(PeerId Peer, bool On) : OverlayInput;

    /// <summary>A link shares the room.</summary>
    internal sealed record LinkUp(PeerId Peer) : OverlayInput;

    /// <summary>It has ended, or shares the room no more.</summary>
    internal sealed record LinkDown(PeerId Peer) : OverlayInput;

    /// <summary>A dial came to nothing.</summary>
    internal sealed record DialFailed(PeerId Peer) : OverlayInput;

    /// <summary>What a neighbour said of itself.</summary>
    /// <param name="Peer">The neighbour.</param>
    /// <param name="Neighbours">How many neighbours it has in the room.</param>
    /// <param name="Members">How many other members it knows.</param>
    internal sealed record Heard(PeerId Peer, int Neighbours, int Members) : OverlayInput;

    /// <summary>Time passes. To come once a second or so.</summary>
    internal sealed record Tick : OverlayInput;
}

/// <summary>What a view of a room wants done.</summary>
internal abstract record OverlayOutput
{
    /// <summary>Dial this member, again and again, until <see cref="StopDialling"/>.</summary>
    internal sealed record Dial(PeerId Peer) : OverlayOutput;

    /// <summary>Dial it no more. It has no link now.</summary>
    internal sealed record StopDialling(PeerId Peer) : OverlayOutput;

    /// <summary>End the link, unless something else needs it.</summary>
    internal sealed record Drop(PeerId Peer) : OverlayOutput;

    /// <summary>Tell a neighbour how many neighbours there are, and the records of these members; this node's own where it stands among them.</summary>
    internal sealed record Tell(PeerId To, IReadOnlyList<PeerId> Members) : OverlayOutput;
}

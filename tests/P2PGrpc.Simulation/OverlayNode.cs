using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Overlay;

namespace P2PGrpc.Simulation;

/// <summary>One member of a simulated room: a real view, and what a node does around it.</summary>
/// <param name="number">Its place in the run.</param>
/// <param name="peer">Who it is.</param>
/// <param name="view">The view under test.</param>
internal sealed class OverlayNode(int number, PeerId peer, PartialView view)
{
    public int Number => number;

    public PeerId Peer => peer;

    public PartialView View => view;

    public bool IsUp { get; set; } = true;

    /// <summary>False for one behind a gateway: it dials, and can't be dialled.</summary>
    public bool CanBeDialled { get; init; } = true;

    /// <summary>How many members it says that it knows, at a time; null: the truth.</summary>
    public Func<int, int>? Claim { get; set; }

    /// <summary>Whom the view wants dialled, and when the next attempt is.</summary>
    public SortedDictionary<int, int> Dialled { get; } = [];

    /// <summary>Who is at the other end of each link, and the link's number.</summary>
    public SortedDictionary<int, int> Links { get; } = [];

    /// <summary>Peers of its owner's book.</summary>
    public SortedSet<int> Configured { get; } = [];

    /// <summary>Members whose records it holds, or has given up.</summary>
    public HashSet<int> Tested { get; } = [];

    /// <summary>Members whose records wait for a test.</summary>
    public Queue<int> Untested { get; } = new();
}

using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Overlay;

/// <summary>What a view knows of one member.</summary>
internal sealed class MemberState(PeerId peer)
{
    public PeerId Peer => peer;

    /// <summary>True if it can be dialled.</summary>
    public bool IsKnown { get; set; }

    public bool HasRecord { get; set; }

    public bool IsConfigured { get; set; }

    public bool IsLinked { get; set; }

    /// <summary>True from Dial to StopDialling.</summary>
    public bool IsDialled { get; set; }

    /// <summary>When its link came up, or was last asked to be dropped.</summary>
    public TimeSpan SettlesFrom { get; set; }

    public TimeSpan LinkedAt { get; set; }

    /// <summary>How many neighbours it said that it has.</summary>
    public int Neighbours { get; set; }

    /// <summary>How many members it said that it knows.</summary>
    public int Members { get; set; }

    /// <summary>It is not dialled for <see cref="Rest"/> from here on.</summary>
    public TimeSpan RestsFrom { get; set; }

    public TimeSpan Rest { get; set; }

    /// <summary>Members that are to be told to it.</summary>
    public List<PeerId> Untold { get; } = [];

    /// <summary>When it was linked last though it can't be dialled; null if that is forgotten. It belongs to the room all the same.</summary>
    public TimeSpan? SeenAt { get; set; }

    /// <summary>True if it counts when it is asked how large the room is.</summary>
    public bool IsCounted => IsKnown || IsLinked || SeenAt is not null;
}

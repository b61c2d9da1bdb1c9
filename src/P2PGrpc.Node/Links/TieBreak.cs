using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Links;

/// <summary>Which of two links between the same two nodes stays. Pure; both nodes come to the same answer.</summary>
internal static class TieBreak
{
    /// <summary>True if the newer link replaces the older. Of two that the same side dialled the newer stays; otherwise the one that the smaller
    /// PeerId dialled, if both are alive, and the newer if the older has gone silent. A link of another process of the peer always replaces the older:
    /// that one's process has ended, or one identity is used twice, and then both must be seen for the owner to be told.</summary>
    public static bool NewerWins(PeerId self, PeerId peer, bool sameProcess, bool olderDialledHere, bool newerDialledHere, TimeSpan olderSinceHeard)
    {
        if (!sameProcess || olderDialledHere == newerDialledHere || olderSinceHeard > LinkLimits.TieBreakWindow)
            return true;
        return newerDialledHere == self < peer;
    }
}

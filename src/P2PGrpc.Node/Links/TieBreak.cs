using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Links;

/// <summary>Which of two links between the same two nodes stays. Pure; both nodes come to the same answer.</summary>
internal static class TieBreak
{
    /// <summary>True if the newer link replaces the older. Of two that the same side dialled the newer stays; otherwise the one that the smaller
    /// PeerId dialled, if both are alive, and the newer if the older has gone silent.</summary>
    public static bool NewerWins(PeerId self, PeerId peer, bool olderDialledHere, bool newerDialledHere, TimeSpan olderSinceHeard)
    {
        if (olderDialledHere == newerDialledHere || olderSinceHeard > LinkLimits.TieBreakWindow)
            return true;
        return newerDialledHere == self < peer;
    }
}

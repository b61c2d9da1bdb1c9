using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>Holds what a node says, or is told, against what lies on the disks.</summary>
internal sealed class ClaimChecks(SimulationRun run)
{
    /// <summary>D1: to who is meant by a message, it never comes without its body; in a room only if somebody has erased it.</summary>
    public void CheckErased(ReplicatorOutput.Store stored)
    {
        if (stored.Body is not ErasedBody)
            return;
        var (log, first) = (stored.Header.LogId, stored.Header.FirstSequence);
        SimulationFault.Check(run.Options.Room, "D1: a message of a direct conversation came without its body.");
        SimulationFault.Check(run.Nodes.Any(node => node.Disk.Find(log, first) is { ErasedHere: true }), "A body that nobody erased was lost on its way.");
        run.Counts.HeadersAlone++;
    }

    /// <summary>D2: what a peer acknowledges is on its disk.</summary>
    public void CheckHeld(ReplicatorOutput.Acknowledged acknowledged)
    {
        SimulationFault.Check(
            run.Nodes.Any(peer => peer.PeerId == acknowledged.Peer
                && (peer.Restored || peer.Disk.HeadOf(acknowledged.LogId).Sequence >= acknowledged.Head.Sequence)),
            "D2: acknowledged before it was on the peer's disk.");
    }

    /// <summary>L1: all that a peer told up to a position is held once that position is called heard.</summary>
    public void CheckHeard(VirtualNode node, VirtualNode peer, ulong position)
    {
        if (node.Restored || peer.Restored || node.IsHostile)
            return;
        var (conversation, _) = run.Network.SharedBy(node, peer);
        foreach (var segment in peer.Disk.Feed)
        {
            if (segment.LastPosition > position)
                break;
            SimulationFault.Check(
                segment.Header.Log.Conversation != conversation
                || node.Disk.HeadOf(segment.Header.LogId).Sequence >= segment.Header.LastSequence
                || node.Disk.IsFrozen(segment.Header.LogId),
                $"L1: node {node.Index} called position {position} of node {peer.Index} heard and lacks {segment.LastPosition}.");
        }
    }
}

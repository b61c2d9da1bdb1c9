using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Hosting;

/// <summary>Tells the owner of what the store and replication find wrong.</summary>
internal static class OwnerNotices
{
    public static void Connect(NodeEvents events, LogStore store, ReplicationEvents replication)
    {
        store.HealthChanged += health =>
        {
            if (health.Writable)
                events.Notice("STORE_RECOVERED", "", "The store writes again.");
            else
                events.Notice("STORE_HALTED", "", health.Error ?? "The store has stopped writing.");
        };
        replication.Forked += proof => events.Notice(
            "FORK_PROVED", proof.First.Log.Author.ToString(),
            $"This peer signed two different segments at sequence {Math.Max(proof.First.FirstSequence, proof.Second.FirstSequence)} of one log: its data "
            + "directory was copied, or it cheats. The log is frozen; what came before stays. The proof is kept.");
        replication.Refused += (peer, _, reason) => events.Notice(
            "LOG_REFUSED", peer.ToString(), $"This peer does not take messages of ours: {reason}. They stay here and are offered again when it links anew.");
    }
}

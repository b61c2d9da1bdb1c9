using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;
using ForkProof = P2PGrpc.Core.Logs.ForkProof;

namespace P2PGrpc.Node.Hosting;

/// <summary>Tells the owner of what the store and replication find wrong.</summary>
internal static class OwnerNotices
{
    /// <summary>Forks that the owner is told of in one minute: a peer can make as many as it likes, and each leaves its proof in the store.</summary>
    private const int ForksPerMinute = 5;

    /// <summary>Repairs that the owner is told of in one minute: after a bad disk there may be thousands.</summary>
    private const int RepairsPerMinute = 5;

    public static void Connect(NodeEvents events, LogStore store, ReplicationEvents replication, LinkTable links, QuotaNotice notice, TimeProvider time)
    {
        var repairs = new AnnouncementRate(RepairsPerMinute, TimeSpan.FromMinutes(1), time);
        var forks = new AnnouncementRate(ForksPerMinute, TimeSpan.FromMinutes(1), time);
        store.HealthChanged += health =>
        {
            if (!health.Writable)
                events.Notice("STORE_HALTED", "", health.Error ?? "The store has stopped writing.");
            else if (health.Error is { } full)
                events.Notice("STORE_FULL", "", full);
            else
                events.Notice("STORE_RECOVERED", "", "The store writes again.");
        };
        store.DamageNoticed += (position, canBeFetched) => events.Notice("SEGMENT_DAMAGED", "", Describe(position, canBeFetched));
        store.Repaired += (_, _, position, _) =>
        {
            if (position is { } whole && repairs.TryTake())
                events.Notice("SEGMENT_REPAIRED", "", $"The messages at position {whole} were fetched again from a peer and can be read.");
        };
        replication.Forked += proof =>
        {
            if (forks.TryTake())
                events.Notice("FORK_PROVED", proof.First.Log.Author.ToString(), Describe(proof));
        };
        replication.QuotaReached += (log, reason) =>
        {
            var (code, ofAuthor, sentence) = notice.Describe(log, reason);
            events.Notice(code, ofAuthor ? log.Author.ToString() : "", sentence);
        };
        replication.QuotaReachedThere += peer => events.Notice(
            "REFUSED_FOR_QUOTA", peer.ToString(),
            "This peer does not take all that this node writes, because of a quota of its own: of logs (one for each start), of bytes, or of bytes a minute. What it does "
            + "not take stays stored here, and goes to it by itself when it takes more.");
        replication.Stopped += () =>
        {
            links.CloseAll(GoodbyeReason.Shutdown, "Replication has stopped because of an internal error.");
            events.Notice("REPLICATION_STOPPED", "", "One of replication's own rules was broken, so it has stopped. Restart the node, and report what its log says.");
        };
    }

    /// <summary>A first start that was cut off looks like a database that is lost. Neither keeps the node from running: it begins new logs at each start,
    /// so it signs nothing twice.</summary>
    public static void TellOfMissingDatabase(NodeEvents events, string path, ILogger log)
    {
        const string advice = "If this node has run before, stop it and put a copy of the database back, or leave it: peers send again what they hold, and "
            + "what none of them had is gone.";
        StoreLog.BeginsEmpty(log, path, advice);
        events.NoticeAtStart("DATABASE_MISSING", $"There was a key but no database {path}: it begins empty. {advice}");
    }

    private static string Describe(ulong position, bool canBeFetched)
    {
        var what = position > 0
            ? $"The messages at position {position} can't be read: what is on disk there is damaged."
            : "A part of the database can't be read: what is on disk there is damaged.";
        return canBeFetched
            ? $"{what} Linked peers that hold them are asked for them."
            : $"{what} No peer can be asked for it. Put back a copy of the database; what is not damaged is served meanwhile.";
    }

    private static string Describe(ForkProof proof) =>
        $"This peer signed two different segments at sequence {Math.Max(proof.First.FirstSequence, proof.Second.FirstSequence)} of its log {proof.First.LogId}, "
        + $"{proof.First.Hash} and {proof.Second.Hash}: its data directory was copied, or it cheats. The log is frozen; what came before stays. Both headers are kept as proof.";
}

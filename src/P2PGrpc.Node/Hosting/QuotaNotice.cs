using System.Globalization;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Rooms;

namespace P2PGrpc.Node.Hosting;

/// <summary>Tells the owner what it means that a quota is used up, and what to do.</summary>
/// <param name="rooms">Know how a room is called.</param>
/// <param name="limits">The quotas.</param>
internal sealed class QuotaNotice(RoomBook rooms, ReplicatorLimits limits)
{
    private volatile ReplicatorLimits limits = limits;

    /// <summary>The owner has set others.</summary>
    public void SetQuotas(ReplicatorLimits quotas) => limits = quotas;

    /// <returns>The notice's reason, whether it is about the log's author, and the sentence.</returns>
    public (string Code, bool OfAuthor, string Sentence) Describe(LogKey log, QuotaReason reason)
    {
        var room = rooms.Snapshot.Find(log.Conversation)?.Label;
        var where = room is null ? "directly to this node" : $"in {room}";
        var many = room is null ? "Peers that came in because everybody may, all together," : $"The members of {room}, or one under many names,";
        var stop = room is null ? $"Block it if it floods: p2pgrpc peers block {log.Author}" : $"Mute it if it floods: p2pgrpc room mute '{room}' {log.Author}";
        return reason switch
        {
            QuotaReason.AuthorLogs => (
                "TOO_MANY_LOGS", true,
                "This peer has begun more logs, one for each of its starts, than this node holds of one peer: what it writes to new ones is not taken."),
            QuotaReason.AllLogs => (
                "ROOM_FULL", false,
                $"More logs were begun in the room {room ?? log.Conversation.ToString()} than this node holds in one, by members or by one under many names: new ones are not taken."),
            QuotaReason.AuthorBytes => (
                "QUOTA_REACHED", true,
                $"This peer has written {where} as much as this node holds of one author ({Size(limits.AuthorBytes)}): nothing more of it is taken there. "
                + $"To take more, start the node with a higher --quota-author. {stop}"),
            QuotaReason.AuthorRate => (
                "QUOTA_REACHED", true,
                $"This peer writes {where} faster than this node takes of one author ({Size(limits.AuthorRate)} a minute): the rest comes later, by itself. "
                + $"To take it faster, start the node with a higher --quota-author-rate. {stop}"),
            QuotaReason.AllBytes => (
                "QUOTA_REACHED", false,
                $"{many} have written as much as this node holds ({Size(limits.AllBytes)}): nothing more is taken there. To take more, start the node with a higher "
                + $"--quota-room. The last was {log.Author}."),
            _ => (
                "QUOTA_REACHED", false,
                $"{many} write faster than this node takes ({Size(limits.AllRate)} a minute): the rest comes later, by itself. To take it faster, start the node with a "
                + $"higher --quota-room-rate. The last was {log.Author}."),
        };
    }

    private static string Size(long? bytes) => bytes switch
    {
        >= 1L << 30 => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.##} GiB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 20):0.##} MiB"),
    };
}

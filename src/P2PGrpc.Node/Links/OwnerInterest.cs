using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Tells replication whose messages the owner does not want: of members muted in a room none there, of blocked peers none anywhere. Thread-safe.</summary>
internal sealed class OwnerInterest
{
    private readonly Lock gate = new();
    private readonly PeerBook book;
    private readonly RoomBook rooms;
    private readonly LogStore store;
    private readonly Action<IReadOnlyList<ReplicatorInput.Interest>> tell;
    private HashSet<(ConversationId? Room, PeerId Author)> unwanted = [];

    /// <param name="book">Knows who is blocked.</param>
    /// <param name="rooms">Know who is muted.</param>
    /// <param name="store">Keeps how far peers were heard, which what is wanted again makes void.</param>
    /// <param name="tell">Tells replication, in order; must not block. Called at once with what is unwanted from the start.</param>
    public OwnerInterest(PeerBook book, RoomBook rooms, LogStore store, Action<IReadOnlyList<ReplicatorInput.Interest>> tell)
    {
        (this.book, this.rooms, this.store, this.tell) = (book, rooms, store, tell);
        book.Changed += Follow;
        rooms.Changed += Follow;
        Follow();
    }

    private void Follow()
    {
        // Read in here, so that of two changes the later one counts, whoever comes first.
        lock (gate)
        {
            var now = Find();
            var again = unwanted.Except(now).ToList();
            var changes = again.Select(other => new ReplicatorInput.Interest(other.Room, other.Author, Wanted: true))
                .Concat(now.Except(unwanted).Select(other => new ReplicatorInput.Interest(other.Room, other.Author, Wanted: false)))
                .ToList();
            if (changes.Count == 0)
                return;
            unwanted = now;

            // Before replication knows: a link whose Hellos are being exchanged at this moment is found out by it.
            if (again.Count > 0)
                store.ForgetHeard();
            tell(changes);
        }
    }

    private HashSet<(ConversationId? Room, PeerId Author)> Find() =>
    [
        .. book.Snapshot.Records.Values.Where(record => record is { Admission: Admission.Blocked, PeerId: not null })
            .Select(record => ((ConversationId?)null, record.PeerId!.Value)),
        .. rooms.Snapshot.Records.SelectMany(room => room.Muted.Select(member => ((ConversationId?)room.Conversation, member))),
    ];
}

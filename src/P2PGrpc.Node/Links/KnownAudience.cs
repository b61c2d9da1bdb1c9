using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;

namespace P2PGrpc.Node.Links;

/// <summary>Tells the store for whom messages wait: for peers of the book, and in rooms that this node is in once another member was seen there, or is named by the ticket
/// by which it came. That a room has members is kept, also where nothing of them is held: one may be away when the next message is written. Thread-safe.</summary>
internal sealed class KnownAudience
{
    private readonly PeerId self;
    private readonly PeerBook book;
    private readonly RoomBook rooms;
    private readonly LinkTable links;

    /// <summary>Rooms in which members were seen, whether that is on disk yet or not.</summary>
    private readonly ConcurrentDictionary<ConversationId, bool> seen = new();
    private Directs directs = new(null, []);

    public KnownAudience(PeerId self, PeerBook book, RoomBook rooms, MemberBook members, LogStore store, LinkTable links)
    {
        (this.self, this.book, this.rooms, this.links) = (self, book, rooms, links);
        foreach (var room in rooms.Snapshot.Joined.Where(room => !room.HasMembers))
            if (members.List(room.Conversation).Count > 0 || store.IsHeldElsewhere(room.Conversation) || HasOthers(store, room.Conversation))
                seen[room.Conversation] = true;
        links.SharingChanged += Note;
        store.FindAudience = Find;
    }

    /// <summary>Also where that can't be read: what is kept in vain does less harm than what is erased too early.</summary>
    private bool HasOthers(LogStore store, ConversationId conversation)
    {
        try
        {
            return store.ReadAuthors(conversation).Any(author => author.Author != self);
        }
        catch (Exception unreadable) when (unreadable is StoreException or IOException or SqliteException)
        {
            return true;
        }
    }

    private Audience Find(ConversationId conversation)
    {
        if (rooms.Snapshot.Find(conversation) is { } room)
            return room.IsJoined && (room.HasMembers || room.Peers.Count > 0 || seen.ContainsKey(conversation)) ? Audience.Expected : Audience.Nobody;
        return FindDirects().Contains(conversation) ? Audience.Expected : Audience.Forgotten;
    }

    /// <summary>The ids are hashes, so they are computed once for each state of the book.</summary>
    private HashSet<ConversationId> FindDirects()
    {
        var snapshot = book.Snapshot;
        var known = Volatile.Read(ref directs);
        if (known.Snapshot != snapshot)
        {
            known = new Directs(snapshot, [.. snapshot.Records.Values.Select(record => record.PeerId).OfType<PeerId>().Select(peer => ConversationId.Direct(self, peer))]);
            Volatile.Write(ref directs, known);
        }

        return known.Conversations;
    }

    private void Note()
    {
        var unnoted = rooms.Snapshot.Joined.Where(room => !room.HasMembers).ToList();
        if (unnoted.Count == 0)
            return;
        var linked = links.ListByConversation();
        List<ConversationId> found = [.. unnoted.Select(room => room.Conversation).Where(linked.Contains)];
        foreach (var conversation in found)
            seen[conversation] = true;
        if (found.Count > 0)
            _ = KeepAsync(found);
    }

    private async Task KeepAsync(List<ConversationId> found)
    {
        try
        {
            await rooms.NoteMembersAsync(found, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception unkept) when (unkept is StoreException or ObjectDisposedException)
        {
            // On a full disk, or at the end. It is tried again with the next link, and holds for this process.
        }
    }

    /// <summary>The direct conversations for one state of the book.</summary>
    private sealed record Directs(PeerSnapshot? Snapshot, HashSet<ConversationId> Conversations);
}

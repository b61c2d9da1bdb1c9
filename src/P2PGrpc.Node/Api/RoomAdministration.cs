using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Protocol;
using RoomTicket = P2PGrpc.Core.Rooms.RoomTicket;
using TicketPeer = P2PGrpc.Core.Identity.TicketPeer;

namespace P2PGrpc.Node.Api;

/// <summary>What the owner does with rooms; each change takes effect at once and is kept. Thread-safe.</summary>
/// <param name="book">The rooms.</param>
/// <param name="peers">Knows who is blocked.</param>
/// <param name="members">Knows who said where it listens.</param>
/// <param name="store">Knows who wrote.</param>
/// <param name="links">Knows who is linked.</param>
/// <param name="recipients">Knows how the owner calls peers.</param>
/// <param name="diallers">Know why somebody can't be reached.</param>
/// <param name="address">This node as others dial it: host:port.</param>
internal sealed class RoomAdministration(
    RoomBook book, PeerBook peers, MemberBook members, LogStore store, LinkTable links, Recipients recipients, Diallers diallers, string address)
{
    /// <exception cref="RoomBookException">It can't be made.</exception>
    public async Task<CreateRoomResponse> CreateAsync(string name, CancellationToken cancellationToken)
    {
        var room = await book.CreateAsync(name, cancellationToken).ConfigureAwait(false);
        return new CreateRoomResponse { Room = Describe(room), Ticket = WriteTicket(room) };
    }

    /// <exception cref="RoomBookException">The ticket is none, or the room can't be entered.</exception>
    public async Task<Room> JoinAsync(string text, string name, CancellationToken cancellationToken)
    {
        var ticket = RoomTicket.Parse(text, out var fault) ?? throw new RoomBookException(RoomBookFault.InvalidTicket, fault);
        return Describe(await book.JoinAsync(ticket, name, cancellationToken).ConfigureAwait(false));
    }

    /// <exception cref="RoomBookException">This node is in no such room.</exception>
    public async Task<Room> LeaveAsync(string text, CancellationToken cancellationToken) =>
        Describe(await book.LeaveAsync(text, cancellationToken).ConfigureAwait(false));

    public IEnumerable<Room> List(bool includeLeft) => book.Snapshot.Records
        .Where(room => room.IsJoined || includeLeft)
        .OrderBy(room => room.Label, StringComparer.Ordinal)
        .Select(Describe);

    /// <exception cref="RoomBookException">This node is in no such room.</exception>
    public string WriteTicket(string text) => WriteTicket(RoomBook.Require(book.Snapshot, text));

    /// <exception cref="RoomBookException">This node is in no such room.</exception>
    public IEnumerable<RoomMember> ListMembers(string text)
    {
        var room = RoomBook.Require(book.Snapshot, text);
        var linked = links.FindSharing(room.Conversation).ToDictionary(session => session.Peer);
        var failed = members.ListFailed(room.Conversation);
        var authors = store.ReadAuthors(room.Conversation).ToDictionary(author => author.Author, author => author.Messages);
        return FindSeen(room, authors.Keys, linked.Keys).Union(room.Peers.Select(peer => peer.PeerId)).Union(members.List(room.Conversation).Select(record => record.Peer))
            .Union(failed.Keys).Union(room.Muted)
            .Select(peer => new RoomMember
            {
                PeerId = peer.ToString(),
                Alias = recipients.AliasOf(peer),
                Linked = linked.ContainsKey(peer),
                Messages = authors.GetValueOrDefault(peer),
                SuggestedName = linked.GetValueOrDefault(peer)?.Remote.Name ?? "",
                Muted = room.Muted.Contains(peer),
                Blocked = peers.Snapshot.Find(peer)?.Admission == Admission.Blocked,
                LastError = linked.ContainsKey(peer) ? "" : diallers.Find(peer.ToString())?.LastError ?? failed.GetValueOrDefault(peer) ?? "",
            })
            .OrderBy(member => member.Alias.Length == 0).ThenBy(member => member.Alias, StringComparer.Ordinal).ThenBy(member => member.PeerId, StringComparer.Ordinal);
    }

    /// <summary>Who wrote in a room, is linked, or said where it listens; none if this node never was in it.</summary>
    public IEnumerable<PeerId> ListSeen(ConversationId conversation)
    {
        if (book.Snapshot.Find(conversation) is not { } room)
            return [];
        return FindSeen(room, store.ReadAuthors(conversation).Select(author => author.Author), links.FindSharing(conversation).Select(session => session.Peer))
            .Union(members.List(conversation).Select(record => record.Peer));
    }

    /// <summary>Takes nothing more of a member in a room, or takes it again from where it stopped.</summary>
    /// <param name="text">The room.</param>
    /// <param name="peer">The member: an alias, a PeerId or its beginning. A whole PeerId may be of one that was never seen.</param>
    /// <param name="muted">Which of both.</param>
    /// <param name="cancellationToken">Gives up before the change is made.</param>
    /// <exception cref="RoomBookException">This node is in no such room, or the member can't be muted.</exception>
    /// <exception cref="PeerBookException">No such member is known, or several are meant.</exception>
    public async Task<RoomMember> MuteAsync(string text, string peer, bool muted, CancellationToken cancellationToken)
    {
        var members = ListMembers(text).Select(seen => PeerId.Parse(seen.PeerId));
        var member = peer == Alias.Self ? recipients.Self : PeerSelection.FindId(peers.Snapshot, members, peer);
        await book.MuteAsync(text, member, muted, cancellationToken).ConfigureAwait(false);
        var name = member.ToString();
        return ListMembers(text).FirstOrDefault(seen => seen.PeerId == name) ?? new RoomMember { PeerId = name, Alias = recipients.AliasOf(member) };
    }

    /// <summary>This node, who wrote, and who is linked.</summary>
    private IEnumerable<PeerId> FindSeen(RoomRecord room, IEnumerable<PeerId> authors, IEnumerable<PeerId> linked) =>
        authors.Union(linked).Union(room.IsJoined ? [recipients.Self] : []);

    private string WriteTicket(RoomRecord room) =>
        new RoomTicket(room.Secret!, room.Name, [new TicketPeer(recipients.Self, [address])]).ToText();

    private Room Describe(RoomRecord room)
    {
        var linked = links.FindSharing(room.Conversation).Select(session => session.Peer).ToHashSet();
        return new Room
        {
            Conversation = room.Conversation.ToString(),
            Name = room.Name,
            Joined = room.IsJoined,
            Members = (uint)FindSeen(room, store.ReadAuthors(room.Conversation).Select(author => author.Author), linked).Count(),
            Linked = (uint)linked.Count,
        };
    }
}

using System.Security.Cryptography;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Rooms;

/// <summary>The rooms that this node is in. Changes take effect at once, are on disk when the call returns, and are made one at a time. Reading is lock-free on
/// an immutable snapshot. Thread-safe.</summary>
internal sealed class RoomBook : IDisposable
{
    /// <summary>Rooms that are remembered, those that were left among them: each is a row and a few hundred bytes of memory.</summary>
    private const int MaximumRecords = 10_000;

    /// <summary>Members that are dialled for one room, from all its tickets.</summary>
    private const int MaximumPeers = 32;

    /// <summary>Members that may be muted in one room: more than anybody tells apart. Where so many would have to be, the room has been given to too many.</summary>
    private const int MaximumMuted = 1000;

    private readonly PeerId self;
    private readonly RoomTable table;
    private readonly SemaphoreSlim changing = new(1, 1);
    private RoomSnapshot snapshot;

    public RoomBook(PeerId self, RoomTable table)
    {
        this.self = self;
        this.table = table;
        snapshot = table.Load().Aggregate(RoomSnapshot.Empty, (all, room) => all.With(room));
    }

    /// <summary>Raised after each change, outside of locks. Handlers must not block.</summary>
    public event Action? Changed;

    public RoomSnapshot Snapshot => Volatile.Read(ref snapshot);

    /// <summary>Makes a room.</summary>
    /// <exception cref="RoomBookException">The name is none, or taken; or the node is in too many rooms.</exception>
    public Task<RoomRecord> CreateAsync(string name, CancellationToken cancellationToken)
    {
        var given = CheckName(name);
        var secret = new RoomSecret(RandomNumberGenerator.GetBytes(RoomSecret.Length));
        return ChangeAsync(current => Enter(current, new RoomRecord(secret.Conversation, given, secret, secret.Admit(self), []), "Choose another name."), cancellationToken);
    }

    /// <summary>Enters the room of a ticket. Who is in it already takes over the peers of the ticket, and the name if one is given.</summary>
    /// <param name="ticket">The ticket.</param>
    /// <param name="name">What to call it; empty for what it is called already, or else as the ticket proposes.</param>
    /// <param name="cancellationToken">Gives up before the change is made.</param>
    /// <exception cref="RoomBookException">The name is none, or taken; or the node is in too many rooms.</exception>
    public Task<RoomRecord> JoinAsync(RoomTicket ticket, string name, CancellationToken cancellationToken)
    {
        var given = name.Length > 0 ? CheckName(name) : "";
        return ChangeAsync(current =>
        {
            var known = current.Find(ticket.Secret.Conversation);
            var chosen = given.Length > 0 ? given : known is { Name.Length: > 0 } ? known.Name : CheckProposal(ticket.Name);
            var peers = Merge(ticket, known?.Peers ?? []);
            var room = new RoomRecord(ticket.Secret.Conversation, chosen, ticket.Secret, ticket.Secret.Admit(self), peers) { Muted = known?.Muted ?? [], HasMembers = known is { HasMembers: true } };
            return Enter(current, room, "Choose another name for this one ('room join' takes it by --name).");
        }, cancellationToken);
    }

    /// <summary>Forgets a room's secret.</summary>
    /// <exception cref="RoomBookException">The node is in no such room.</exception>
    public Task<RoomRecord> LeaveAsync(string text, CancellationToken cancellationToken) =>
        ChangeAsync(current => [Require(current, text).Left()], cancellationToken);

    /// <summary>Takes nothing more of a member in a room, or takes it again.</summary>
    /// <exception cref="RoomBookException">The node is in no such room, the member is this node itself, or too many are muted.</exception>
    public Task<RoomRecord> MuteAsync(string text, PeerId member, bool muted, CancellationToken cancellationToken) => ChangeAsync(
        current =>
        {
            var room = Require(current, text);
            if (member == self)
                throw new RoomBookException(RoomBookFault.InvalidMember, "This is the node's own PeerId: what it writes itself can't be muted.") { Room = room.Label };
            if (muted && room.Muted.Count >= MaximumMuted && !room.Muted.Contains(member))
                throw new RoomBookException(
                    RoomBookFault.Full, $"{MaximumMuted} members of {room.Label} are muted, which is all that can be. Make a new room, and give its ticket to fewer.")
                {
                    Room = room.Label,
                };
            return [room with { Muted = muted ? room.Muted.Add(member) : room.Muted.Remove(member) }];
        },
        cancellationToken);

    /// <summary>Keeps that these rooms have other members.</summary>
    /// <exception cref="StoreException">It could not be written.</exception>
    public async Task NoteMembersAsync(IReadOnlyList<ConversationId> seen, CancellationToken cancellationToken) => await ChangeAllAsync(
        current => [.. seen.Select(current.Find).OfType<RoomRecord>().Where(room => room is { IsJoined: true, HasMembers: false }).Select(room => room with { HasMembers = true })],
        cancellationToken).ConfigureAwait(false);

    /// <summary>A room that this node is in.</summary>
    /// <exception cref="RoomBookException">There is none of this name or id.</exception>
    public static RoomRecord Require(RoomSnapshot snapshot, string text) => snapshot.FindByText(text) switch
    {
        { IsJoined: true } room => room,
        { } left => throw new RoomBookException(RoomBookFault.Left, $"This node has left {left.Label}. To come back, join it by a ticket of another member.")
        {
            Room = left.Label,
        },
        null => throw new RoomBookException(
            RoomBookFault.Unknown, $"This node is in no room '{DisplayText.Clean(text, 80)}'. 'p2pgrpc room list' shows those it is in.")
        {
            Room = DisplayText.Clean(text, 80),
        },
    };

    private static string CheckName(string text)
    {
        var name = text.StartsWith(RoomRecord.Sign) ? text[1..] : text;
        return Alias.IsValid(name)
            ? name
            : throw new RoomBookException(
                RoomBookFault.InvalidName,
                $"'{DisplayText.Clean(text, 60)}' is no name for a room: that is a lower-case letter and at most 31 of a-z, 0-9, _ and - after it, and not 'self'.");
    }

    private static string CheckProposal(string name) => Alias.IsValid(name)
        ? name
        : throw new RoomBookException(RoomBookFault.InvalidName, "The ticket proposes no name that can be used. Choose one: p2pgrpc room join TICKET --name NAME");

    /// <param name="current">The rooms as they are.</param>
    /// <param name="room">The one to enter.</param>
    /// <param name="advice">What to do where its name is taken.</param>
    private static List<RoomRecord> Enter(RoomSnapshot current, RoomRecord room, string advice)
    {
        var changed = new List<RoomRecord> { room };
        if (current.FindByName(room.Name) is { } holder && holder.Conversation != room.Conversation)
        {
            if (holder.IsJoined)
                throw new RoomBookException(
                    RoomBookFault.NameTaken, $"This node is in another room of the name '{room.Name}'. {advice}")
                {
                    Room = holder.Label,
                };
            changed.Add(holder with { Name = "" });
        }

        var isIn = current.Find(room.Conversation) is { IsJoined: true };
        if (!isIn && current.Joined.Count >= FrameLimits.Rooms)
            throw new RoomBookException(RoomBookFault.Full, $"This node is in {FrameLimits.Rooms} rooms, which is all that a node may be in. Leave one first.");
        if (current.Find(room.Conversation) is null && current.Records.Count() >= MaximumRecords)
            throw new RoomBookException(RoomBookFault.Full, $"This node remembers {MaximumRecords} rooms, which is all it can.");
        return changed;
    }

    private List<RoomPeer> Merge(RoomTicket ticket, IReadOnlyList<RoomPeer> known)
    {
        var peers = ticket.Peers
            .Select(peer => new RoomPeer(peer.PeerId, PeerAddress.ParseNamedByOthers(peer.Addresses)))
            .Where(peer => peer.PeerId != self && peer.Addresses.Count > 0);

        // What is known already stays reachable: a later ticket adds to it.
        return [.. peers.Concat(known).GroupBy(peer => peer.PeerId)
            .Select(peer => new RoomPeer(peer.Key, [.. peer.SelectMany(named => named.Addresses).Distinct().Take(TicketPeer.AddressCount)]))
            .Take(MaximumPeers)];
    }

    private async Task<RoomRecord> ChangeAsync(Func<RoomSnapshot, List<RoomRecord>> decide, CancellationToken cancellationToken) =>
        (await ChangeAllAsync(decide, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>The one way in for changes: decide on the snapshot, write, then show.</summary>
    private async Task<List<RoomRecord>> ChangeAllAsync(Func<RoomSnapshot, List<RoomRecord>> decide, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        List<RoomRecord> changed;
        try
        {
            changed = decide(Snapshot);
            if (changed.Count == 0)
                return changed;
            // From here on the change is made whether its caller waits or not, so that disk and memory stay the same.
            await table.WriteAsync(changed, CancellationToken.None).ConfigureAwait(false);
            Volatile.Write(ref snapshot, changed.Aggregate(Snapshot, (all, room) => all.With(room)));
        }
        finally
        {
            changing.Release();
        }

        Changed?.Invoke();
        return changed;
    }

    public void Dispose() => changing.Dispose();
}

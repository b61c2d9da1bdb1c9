using Grpc.Core;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Conversations;

/// <summary>Who is meant by a name: an alias, a PeerId, host:port, #room or self. Thread-safe.</summary>
internal sealed class Recipients(PeerId self, PeerBook book, RoomBook rooms, DialContext dialling, TimeProvider time)
{
    private Directs directs = new(null, []);

    public PeerId Self => self;

    public ConversationId DirectWith(PeerId peer) => ConversationId.Direct(self, peer);

    /// <summary>Finds the room or the peer, dialling once where only an address is known.</summary>
    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, NOT_FOUND with near names, or UNAVAILABLE.</exception>
    public async Task<Recipient> ResolveAsync(string to, CancellationToken cancellationToken)
    {
        if (FindRoom(to) is { } room)
            return room.IsJoined ? new Recipient(room.Conversation, null, room) : throw Left(room);
        var peer = await ResolvePeerAsync(to, cancellationToken).ConfigureAwait(false);
        return new Recipient(DirectWith(peer), peer, null);
    }

    private async Task<PeerId> ResolvePeerAsync(string to, CancellationToken cancellationToken)
    {
        var snapshot = book.Snapshot;
        if (FindKnown(to, snapshot) is { } known)
            return known;
        if (PeerAddress.TryParse(to, out var address))
            return await DiscoverAsync(to, address, cancellationToken).ConfigureAwait(false);
        if (snapshot.FindByAlias(to) is { PeerId: null } unpinned)
            return await DiscoverAsync(to, unpinned.Addresses[0], cancellationToken).ConfigureAwait(false);
        throw Unknown(to, snapshot);
    }

    /// <summary>Finds the conversation with a peer that this node knows already, or a room, also one that it has left; never dials.</summary>
    /// <exception cref="NodeRequestException">INVALID_ARGUMENT or NOT_FOUND with near names.</exception>
    public ConversationId ResolveKnown(string name)
    {
        if (FindRoom(name) is { } room)
            return room.Conversation;
        var snapshot = book.Snapshot;
        return DirectWith(FindKnown(name, snapshot) ?? throw Unknown(name, snapshot));
    }

    /// <summary>Finds a peer as the author of messages: of rooms there are some that this node does not know otherwise. Never dials.</summary>
    /// <exception cref="NodeRequestException">NOT_FOUND with near names.</exception>
    public PeerId ResolveAuthor(string name)
    {
        if (PeerId.TryParse(name, out var author))
            return author;
        var snapshot = book.Snapshot;
        return FindKnown(name, snapshot) ?? throw Unknown(name, snapshot);
    }

    /// <summary>How this node's owner calls a room, '#' before its name; empty for a direct conversation.</summary>
    public string RoomLabelOf(ConversationId conversation) => rooms.Snapshot.Find(conversation)?.Label ?? "";

    /// <summary>How this node's owner calls a peer: self, its alias, or its PeerId.</summary>
    public string Label(PeerId peer) => peer == self ? Alias.Self : book.Snapshot.AliasOf(peer) ?? peer.ToString();

    /// <summary>The other side of a direct conversation of this node, as its owner calls it; empty if the peer is no longer known.</summary>
    public string LabelOf(ConversationId conversation)
    {
        var snapshot = book.Snapshot;
        var known = Volatile.Read(ref directs);
        if (known.Snapshot != snapshot)
        {
            // The ids are hashes, so they are computed once for each state of the book and not for each message.
            var labels = new Dictionary<ConversationId, string> { [DirectWith(self)] = Alias.Self };
            foreach (var record in snapshot.Records.Values)
                if (record.PeerId is { } peer)
                    labels[DirectWith(peer)] = record.Label;
            known = new Directs(snapshot, labels);
            Volatile.Write(ref directs, known);
        }

        return known.Labels.GetValueOrDefault(conversation, "");
    }

    /// <summary>The alias of a peer; self for this node; empty if it has none.</summary>
    public string AliasOf(PeerId peer) => peer == self ? Alias.Self : book.Snapshot.AliasOf(peer) ?? "";

    /// <summary>Null if the text means no room.</summary>
    private RoomRecord? FindRoom(string text)
    {
        var snapshot = rooms.Snapshot;
        if (!text.StartsWith(RoomRecord.Sign))
            return Bytes32.TryParse(text, out var id) ? snapshot.Find(new ConversationId(id)) : null;
        return snapshot.FindByText(text) ?? throw UnknownRoom(text, snapshot);
    }

    private static NodeRequestException UnknownRoom(string text, RoomSnapshot snapshot)
    {
        var near = NearNames.Find(text[1..], snapshot.Joined.Select(room => room.Name));
        var hint = near.Count > 0
            ? $"Did you mean {string.Join(" or ", near.Select(name => RoomRecord.Sign + name))}?"
            : "'p2pgrpc room list' shows those it is in, 'p2pgrpc room join TICKET' enters another.";
        var shown = DisplayText.Clean(text, 80);
        return new NodeRequestException(StatusCode.NotFound, "ROOM_UNKNOWN", $"This node is in no room {shown}. {hint}") { Resource = shown };
    }

    private static NodeRequestException Left(RoomRecord room) => new(
        StatusCode.FailedPrecondition, "ROOM_LEFT", $"This node has left {room.Label}. What it holds of it can be read; to write again, join it by a ticket.")
    {
        Resource = room.Label,
    };

    private PeerId? FindKnown(string name, PeerSnapshot snapshot)
    {
        if (name.Length == 0)
            throw NodeRequestException.Invalid("to", "The recipient is missing. Give an alias, a PeerId, host:port, #room or 'self'.");
        if (name == Alias.Self)
            return self;
        if (PeerId.TryParse(name, out var peer) && (peer == self || snapshot.Find(peer) is not null))
            return peer;
        if (snapshot.FindByAlias(name)?.PeerId is { } named)
            return named;
        return PeerAddress.TryParse(name, out var address) ? snapshot.FindByAddress(address)?.PeerId : null;
    }

    private async Task<PeerId> DiscoverAsync(string to, PeerAddress address, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(ContentLimits.Discovery, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        string why;
        try
        {
            return await dialling.DiscoverAsync(address, either.Token).ConfigureAwait(false);
        }
        catch (DialException failed)
        {
            why = failed.Message;
        }
        catch (PeerBookException full)
        {
            throw new NodeRequestException(StatusCode.ResourceExhausted, "PEER_BOOK_FULL", full.Message);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            why = $"It did not answer within {ContentLimits.Discovery.TotalSeconds:0} s.";
        }

        throw new NodeRequestException(
            StatusCode.Unavailable, "PEER_NOT_IDENTIFIED",
            $"Nobody has ever answered at {address}, so there is no identity to send to: {DisplayText.Sentence(why)} Try again when the peer is up, "
            + $"or name its identity: p2pgrpc peers add {(Alias.IsValid(to) ? to + "=" : "")}ID@{address}")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };
    }

    private NodeRequestException Unknown(string name, PeerSnapshot snapshot)
    {
        var shown = DisplayText.Clean(name, 80);
        if (snapshot.FindByAlias(name) is { PeerId: null } unpinned)
            return new NodeRequestException(
                StatusCode.Unavailable, "PEER_NOT_IDENTIFIED",
                $"Nobody has ever answered at {unpinned.Addresses[0]}, so it is not known who {shown} is. Try again when the peer is up.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        if (PeerId.TryParse(name, out _))
            return new NodeRequestException(
                StatusCode.NotFound, "PEER_UNKNOWN", $"This node does not know the peer {shown}. Add it first: p2pgrpc peers add [alias=]{shown}[@host:port]")
            {
                Resource = shown,
            };
        if (rooms.Snapshot.FindByName(name) is { IsJoined: true } room)
            return new NodeRequestException(StatusCode.NotFound, "PEER_UNKNOWN", $"This node knows no peer '{shown}'. Did you mean the room '{room.Label}'?") { Resource = shown };
        var near = NearNames.Find(name, snapshot.Records.Values.Select(record => record.Alias).OfType<string>());
        var hint = near.Count > 0 ? $"Did you mean {string.Join(" or ", near)}?" : "'p2pgrpc peers list' shows the names it knows.";
        return new NodeRequestException(StatusCode.NotFound, "PEER_UNKNOWN", $"This node knows no peer '{shown}'. {hint}") { Resource = shown };
    }

    /// <summary>The labels of direct conversations for one state of the book.</summary>
    private sealed record Directs(PeerSnapshot? Snapshot, Dictionary<ConversationId, string> Labels);
}

using System.Collections.Frozen;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Web;

/// <summary>The JSON view: which method is called by which verb and path. A method that stands neither here nor in <see cref="LeftOut"/> fails a test.</summary>
internal static class HttpRules
{
    private const string Get = "GET";
    private const string Post = "POST";
    private const string Delete = "DELETE";

    /// <summary>Methods that are not in the view, by Service/Method, and why.</summary>
    public static FrozenDictionary<string, string> LeftOut { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["PeerService/SendStream"] = "HTTP has no stream of requests that browsers can send: call Send, or gRPC",
        ["PeerService/Link"] = "it is for nodes",
        ["NodeService/CreateBackup"] = "it writes files where the node runs: that is for who is there, by p2pgrpc backup",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public static IReadOnlyList<HttpRule> All { get; } =
    [
        new(PeerService.Descriptor, "Send", Post, "/v1/messages", "Hands over one message. The answer means: on this node's disk."),
        new(PeerService.Descriptor, "Subscribe", Get, "/v1/subscribe", "Messages as they come, as server-sent events. The id of an event is its cursor."),
        new(PeerService.Descriptor, "Acknowledge", Post, "/v1/acknowledge", "Says how far a named consumer is."),

        new(ConversationService.Descriptor, "CreateRoom", Post, "/v1/rooms", "Makes a room."),
        new(ConversationService.Descriptor, "ListRooms", Get, "/v1/rooms", "The rooms that this node is in."),
        new(ConversationService.Descriptor, "JoinRoom", Post, "/v1/rooms:join", "Joins the room of a ticket."),
        new(ConversationService.Descriptor, "LeaveRoom", Post, "/v1/rooms/{room}:leave", "Forgets a room's secret. Messages held stay."),
        new(ConversationService.Descriptor, "GetRoomTicket", Get, "/v1/rooms/{room}/ticket", "The ticket that makes a member of whoever holds it."),
        new(ConversationService.Descriptor, "ListRoomMembers", Get, "/v1/rooms/{room}/members", "The members that are known."),
        new(ConversationService.Descriptor, "MuteMember", Post, "/v1/rooms/{room}/members/{peer}:mute", "Takes nothing more of what a member writes in a room."),
        new(ConversationService.Descriptor, "UnmuteMember", Post, "/v1/rooms/{room}/members/{peer}:unmute", "Takes it again."),
        new(ConversationService.Descriptor, "ListConversations", Get, "/v1/conversations", "The conversations, with what is unread in each."),
        new(ConversationService.Descriptor, "ListMessages", Get, "/v1/conversations/{conversation}/messages", "A page of a conversation's messages."),
        new(ConversationService.Descriptor, "MarkRead", Post, "/v1/conversations/{conversation}:read", "Notes through which message a conversation is read."),
        new(ConversationService.Descriptor, "GetRetention", Get, "/v1/conversations/{conversation}/retention", "How long a conversation is kept here."),
        new(ConversationService.Descriptor, "SetRetention", Post, "/v1/conversations/{conversation}/retention", "Says how long a conversation is kept here."),
        new(ConversationService.Descriptor, "SearchMessages", Get, "/v1/messages:search", "Finds messages by the words of their text."),
        new(ConversationService.Descriptor, "RebuildHistory", Post, "/v1/history:rebuild", "Builds the history's index anew."),

        new(NodeService.Descriptor, "GetNode", Get, "/v1/node", "What this node is and how it is."),
        new(NodeService.Descriptor, "Diagnose", Get, "/v1/node/diagnosis", "What is wrong with this node, and what to do."),
        new(NodeService.Descriptor, "Reload", Post, "/v1/node:reload", "Has the program read its configuration anew."),
        new(NodeService.Descriptor, "Drain", Post, "/v1/node:drain", "Takes no new messages, and waits until those that are held are delivered."),
        new(NodeService.Descriptor, "ExplainMessage", Get, "/v1/messages:explain", "Where a message is, who has acknowledged it, and when the next attempt is."),
        new(NodeService.Descriptor, "ListPeers", Get, "/v1/peers", "Whom this node knows."),
        new(NodeService.Descriptor, "AddPeer", Post, "/v1/peers", "Adds a peer, or changes the alias or addresses of one."),
        new(NodeService.Descriptor, "RemovePeer", Delete, "/v1/peers/{peer}", "Forgets a peer. Messages held stay."),
        new(NodeService.Descriptor, "AcceptPeer", Post, "/v1/peers/{peer}:accept", "Lets in a peer that knocked, or unblocks one."),
        new(NodeService.Descriptor, "BlockPeer", Post, "/v1/peers/{peer}:block", "Closes the peer's link and refuses it from now on."),
        new(NodeService.Descriptor, "CreateInvite", Post, "/v1/invites", "Makes a ticket by which one node becomes a known peer."),
        new(NodeService.Descriptor, "ListInvites", Get, "/v1/invites", "The invites that can still be used."),
        new(NodeService.Descriptor, "RevokeInvite", Delete, "/v1/invites/{invite}", "Takes an invite back that nobody has used."),
        new(NodeService.Descriptor, "RedeemInvite", Post, "/v1/invites:redeem", "Takes up the invite of another node."),
        new(NodeService.Descriptor, "WatchEvents", Get, "/v1/events", "What happens from now on, as server-sent events."),
    ];
}

using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Hosting;

/// <summary>A node that runs in this process: what its client endpoint offers, without a gRPC call in between. Messages have the same shape and
/// meaning as in PeerService and NodeService. Thread-safe. All members but <see cref="Started"/> throw <see cref="InvalidOperationException"/>
/// before the node has started. An interface so that embedders can put a substitute in their own tests.</summary>
public interface INode
{
    /// <summary>Completes once the node serves; fails with <see cref="NodeStartException"/> if it can't start.</summary>
    Task Started { get; }

    /// <summary>Who this node is.</summary>
    PeerId Id { get; }

    /// <summary>What to give to others: id@host:port.</summary>
    string Address { get; }

    /// <summary>The URL of the TCP client endpoint, or null if there is none.</summary>
    string? ApiAddress { get; }

    /// <summary>The URL of the web endpoint, or null if there is none.</summary>
    string? WebAddress => null;

    /// <summary>The URL of the health port, or null if there is none.</summary>
    string? HealthAddress => null;

    /// <summary>Hands over one message; when it returns, the message is on disk here (unless ephemeral).</summary>
    /// <exception cref="NodeRequestException">It was refused; the exception says why and what to do.</exception>
    Task<SendResponse> SendAsync(SendRequest request, CancellationToken cancellationToken = default);

    /// <summary>Hands over up to 4096 messages at once to the peer in <c>To</c>.</summary>
    /// <exception cref="NodeRequestException">None of them was taken.</exception>
    Task<SendStreamResponse> SendBatchAsync(SendStreamRequest request, CancellationToken cancellationToken = default);

    /// <summary>Messages as they come, until cancelled.</summary>
    /// <exception cref="NodeRequestException">The request is wrong, the cursor unknown, or the consumer's name was taken over.</exception>
    IAsyncEnumerable<SubscribeResponse> SubscribeAsync(SubscribeRequest request, CancellationToken cancellationToken = default);

    /// <summary>Notes how far a named consumer is.</summary>
    /// <exception cref="NodeRequestException">The name or the cursor is wrong.</exception>
    Task AcknowledgeAsync(string consumer, Cursor cursor, CancellationToken cancellationToken = default);

    /// <summary>What happens from the call on: links, knocks, deliveries. Until cancelled.</summary>
    IAsyncEnumerable<WatchEventsResponse> WatchEventsAsync(CancellationToken cancellationToken = default);

    /// <summary>The peers that this node knows, and the strangers that knocked.</summary>
    IReadOnlyList<Peer> ListPeers();

    /// <summary>Adds a peer: [alias=][id@]host:port, or [alias=]id.</summary>
    /// <exception cref="NodeRequestException">The text is no peer, or the alias is taken.</exception>
    Task<Peer> AddPeerAsync(string peer, CancellationToken cancellationToken = default);

    /// <summary>Lets in a peer that knocked, or unblocks one.</summary>
    /// <exception cref="NodeRequestException">No such peer knocked.</exception>
    Task<Peer> AcceptPeerAsync(string peer, string alias, CancellationToken cancellationToken = default);

    /// <summary>Closes a peer's link and refuses it from now on.</summary>
    /// <exception cref="NodeRequestException">No such peer is known.</exception>
    Task<Peer> BlockPeerAsync(string peer, CancellationToken cancellationToken = default);

    /// <summary>Forgets a peer.</summary>
    /// <exception cref="NodeRequestException">No such peer is known.</exception>
    Task RemovePeerAsync(string peer, CancellationToken cancellationToken = default);

    /// <summary>Makes a ticket by which one node, whichever shows it first, becomes a known peer.</summary>
    /// <param name="request">The alias to give it, and how long the ticket is good for; both may be left out.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="NodeRequestException">The alias is none, or taken; or too many invites are open.</exception>
    Task<CreateInviteResponse> CreateInviteAsync(CreateInviteRequest request, CancellationToken cancellationToken = default);

    /// <summary>The invites that can still be used.</summary>
    IReadOnlyList<Invite> ListInvites();

    /// <summary>Takes an invite back that nobody has used: by its id, the beginning of it, or the alias that it gives.</summary>
    /// <exception cref="NodeRequestException">No such invite is open.</exception>
    Task<Invite> RevokeInviteAsync(string invite, CancellationToken cancellationToken = default);

    /// <summary>Takes up the invite of another node, which becomes a known peer and is dialled. The alias is what to call it here; empty for what the ticket
    /// proposes.</summary>
    /// <exception cref="NodeRequestException">The ticket is none, or the alias is taken.</exception>
    Task<Peer> RedeemInviteAsync(string ticket, string alias, CancellationToken cancellationToken = default);

    /// <summary>The rooms that this node is in.</summary>
    IReadOnlyList<Room> ListRooms();

    /// <summary>Makes a room, of which this node is the first member. The answer holds its ticket.</summary>
    /// <exception cref="NodeRequestException">The name is none, or taken.</exception>
    Task<CreateRoomResponse> CreateRoomAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Joins the room of a ticket. The name is what to call it here; empty for what the ticket proposes.</summary>
    /// <exception cref="NodeRequestException">The ticket is none, or the name is taken.</exception>
    Task<Room> JoinRoomAsync(string ticket, string name, CancellationToken cancellationToken = default);

    /// <summary>Forgets a room's secret. Messages held stay.</summary>
    /// <exception cref="NodeRequestException">This node is in no such room.</exception>
    Task<Room> LeaveRoomAsync(string room, CancellationToken cancellationToken = default);

    /// <summary>The conversations, with what is unread in each.</summary>
    /// <exception cref="NodeRequestException">The request is wrong, or the history can't be read now.</exception>
    Task<ListConversationsResponse> ListConversationsAsync(ListConversationsRequest request, CancellationToken cancellationToken = default);

    /// <summary>A page of a conversation's messages.</summary>
    /// <exception cref="NodeRequestException">The request is wrong, the conversation unknown, or the history can't be read now.</exception>
    Task<ListMessagesResponse> ListMessagesAsync(ListMessagesRequest request, CancellationToken cancellationToken = default);

    /// <summary>Finds messages by the words of their text.</summary>
    /// <exception cref="NodeRequestException">The request is wrong, the conversation unknown, or the history can't be read now.</exception>
    Task<SearchMessagesResponse> SearchMessagesAsync(SearchMessagesRequest request, CancellationToken cancellationToken = default);

    /// <summary>Notes through which message a conversation is read.</summary>
    /// <exception cref="NodeRequestException">The conversation or the position is unknown, or the mark can't be stored now.</exception>
    Task<MarkReadResponse> MarkReadAsync(MarkReadRequest request, CancellationToken cancellationToken = default);

    /// <summary>Copies the database to a directory that is made for it, while the node goes on. Tells how far it is; the last answer has the backup.</summary>
    /// <exception cref="NodeRequestException">The place is wrong, taken or full; nothing was left there.</exception>
    IAsyncEnumerable<CreateBackupResponse> CreateBackupAsync(CreateBackupRequest request, CancellationToken cancellationToken = default);

    /// <summary>Where a message is, who has acknowledged it, what was tried, and when the next attempt is. The message is named by its reference or its
    /// message_id.</summary>
    /// <exception cref="NodeRequestException">No such message is held.</exception>
    Task<ExplainMessageResponse> ExplainMessageAsync(string message, CancellationToken cancellationToken = default);

    /// <summary>Takes no new messages (DRAINING), and waits until all is delivered or the time is up; or takes messages again.</summary>
    /// <exception cref="NodeRequestException">The request contradicts itself, or the program can't be stopped so.</exception>
    Task<DrainResponse> DrainAsync(DrainRequest request, CancellationToken cancellationToken = default);

    /// <summary>Applies other options while the node runs: peers, admission, quotas, how long messages are kept. The answer says what comes with the next start
    /// only. Where something of it is wrong, nothing changes.</summary>
    /// <exception cref="NodeRequestException">FAILED_PRECONDITION: the options are wrong.</exception>
    Task<ReloadResponse> ReloadAsync(NodeOptions options, CancellationToken cancellationToken = default);

    /// <summary>Looks for what is wrong, for 10 seconds at most.</summary>
    Task<IReadOnlyList<Finding>> DiagnoseAsync(CancellationToken cancellationToken = default);
}

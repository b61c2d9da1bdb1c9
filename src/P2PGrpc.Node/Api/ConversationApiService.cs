using Grpc.Core;
using P2PGrpc.Node.History;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>ConversationService: the rooms of this node, the history of its conversations, and how long it keeps them.</summary>
internal sealed class ConversationApiService(RoomAdministration rooms, ConversationHistory history, RetentionAdministration retention)
    : ConversationService.ConversationServiceBase
{
    public override Task<CreateRoomResponse> CreateRoom(CreateRoomRequest request, ServerCallContext context) =>
        rooms.CreateAsync(request.Name, context.CancellationToken);

    public override async Task<JoinRoomResponse> JoinRoom(JoinRoomRequest request, ServerCallContext context) =>
        new() { Room = await rooms.JoinAsync(request.Ticket, request.Name, context.CancellationToken).ConfigureAwait(false) };

    public override async Task<LeaveRoomResponse> LeaveRoom(LeaveRoomRequest request, ServerCallContext context) =>
        new() { Room = await rooms.LeaveAsync(request.Room, context.CancellationToken).ConfigureAwait(false) };

    public override Task<ListRoomsResponse> ListRooms(ListRoomsRequest request, ServerCallContext context) =>
        Task.FromResult(new ListRoomsResponse { Rooms = { rooms.List(request.IncludeLeft) } });

    public override Task<GetRoomTicketResponse> GetRoomTicket(GetRoomTicketRequest request, ServerCallContext context) =>
        Task.FromResult(new GetRoomTicketResponse { Ticket = rooms.WriteTicket(request.Room) });

    public override async Task<MuteMemberResponse> MuteMember(MuteMemberRequest request, ServerCallContext context) =>
        new() { Member = await rooms.MuteAsync(request.Room, request.Peer, muted: true, context.CancellationToken).ConfigureAwait(false) };

    public override async Task<UnmuteMemberResponse> UnmuteMember(UnmuteMemberRequest request, ServerCallContext context) =>
        new() { Member = await rooms.MuteAsync(request.Room, request.Peer, muted: false, context.CancellationToken).ConfigureAwait(false) };

    public override Task<ListRoomMembersResponse> ListRoomMembers(ListRoomMembersRequest request, ServerCallContext context) =>
        Task.FromResult(new ListRoomMembersResponse { Members = { rooms.ListMembers(request.Room) } });

    public override Task<ListConversationsResponse> ListConversations(ListConversationsRequest request, ServerCallContext context) =>
        history.ListConversationsAsync(request, context.CancellationToken);

    public override Task<ListMessagesResponse> ListMessages(ListMessagesRequest request, ServerCallContext context) =>
        history.ListMessagesAsync(request, context.CancellationToken);

    public override Task<SearchMessagesResponse> SearchMessages(SearchMessagesRequest request, ServerCallContext context) =>
        history.SearchAsync(request, context.CancellationToken);

    public override Task<MarkReadResponse> MarkRead(MarkReadRequest request, ServerCallContext context) =>
        history.MarkReadAsync(request, context.CancellationToken);

    public override Task<RebuildHistoryResponse> RebuildHistory(RebuildHistoryRequest request, ServerCallContext context) =>
        history.RebuildAsync(context.CancellationToken);

    public override async Task<SetRetentionResponse> SetRetention(SetRetentionRequest request, ServerCallContext context) =>
        new() { Retention = await retention.SetAsync(request, context.CancellationToken).ConfigureAwait(false) };

    public override Task<GetRetentionResponse> GetRetention(GetRetentionRequest request, ServerCallContext context) =>
        Task.FromResult(new GetRetentionResponse { Retention = retention.Get(request.Conversation) });
}

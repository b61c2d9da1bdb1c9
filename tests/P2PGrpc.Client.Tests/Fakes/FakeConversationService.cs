using Grpc.Core;
using P2PGrpc.Protocol;
using Code = Google.Rpc.Code;

namespace P2PGrpc.Client.Tests.Fakes;

/// <summary>A ConversationService that makes rooms, and pages through what was said in them.</summary>
public sealed class FakeConversationService(FakeFeed feed, FakePeerService peers) : ConversationService.ConversationServiceBase
{
    /// <summary>Messages on one page, so that several are needed.</summary>
    private const int Page = 3;

    public override Task<CreateRoomResponse> CreateRoom(CreateRoomRequest request, ServerCallContext context) => peers.Rooms.TryAdd($"#{request.Name}", true)
        ? Task.FromResult(new CreateRoomResponse { Room = new Room { Name = request.Name } })
        : throw FakePeerService.Refusal(Code.AlreadyExists, "ROOM_NAME_TAKEN", $"There is a room {request.Name}.");

    public override Task<ListMessagesResponse> ListMessages(ListMessagesRequest request, ServerCallContext context)
    {
        if (!peers.Rooms.ContainsKey(request.Conversation))
            throw FakePeerService.Refusal(Code.NotFound, "ROOM_UNKNOWN", "no such room");
        var all = feed.InRoom(request.Conversation).Where(batch => request.Author.Length == 0 || batch.Alias == request.Author).ToList();
        var end = request.Before.Length > 0 ? int.Parse(request.Before, System.Globalization.CultureInfo.InvariantCulture) : all.Count;
        var begin = Math.Max(0, end - Page);
        var response = new ListMessagesResponse { Older = begin > 0 ? begin.ToString(System.Globalization.CultureInfo.InvariantCulture) : "" };
        response.Batches.AddRange(all[begin..end]);
        return Task.FromResult(response);
    }
}

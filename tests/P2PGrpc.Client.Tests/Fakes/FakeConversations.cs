using System.Collections.Concurrent;
using Grpc.Core;
using P2PGrpc.Protocol;
using Code = Google.Rpc.Code;

namespace P2PGrpc.Client.Tests.Fakes;

/// <summary>A ConversationService that makes rooms and pages through what was said in them, and has one conversation besides, of up to 25 messages of given times. It
/// keeps what it was asked.</summary>
public sealed class FakeConversations(FakeFeed feed, FakePeerService peers) : ConversationService.ConversationServiceBase
{
    /// <summary>Messages of a room on one page, so that several are needed.</summary>
    private const int RoomPage = 3;

    /// <summary>When each message was written, oldest first; its text is its number.</summary>
    public List<DateTimeOffset> Times { get; } = [];

    public ConcurrentQueue<ListMessagesRequest> Lists { get; } = [];

    public ConcurrentQueue<SearchMessagesRequest> Searches { get; } = [];

    public ConcurrentQueue<SetRetentionRequest> Retentions { get; } = [];

    /// <summary>The place of a message, as a node names it.</summary>
    public static string Place(int number) => new string('a', 63) + (char)('a' + number);

    public override Task<CreateRoomResponse> CreateRoom(CreateRoomRequest request, ServerCallContext context) => peers.Rooms.TryAdd($"#{request.Name}", true)
        ? Task.FromResult(new CreateRoomResponse { Room = new Room { Name = request.Name } })
        : throw FakePeerService.Refusal(Code.AlreadyExists, "ROOM_NAME_TAKEN", $"There is a room {request.Name}.");

    public override Task<ListMessagesResponse> ListMessages(ListMessagesRequest request, ServerCallContext context)
    {
        Lists.Enqueue(request);
        return Task.FromResult(request.Conversation.StartsWith('#') ? ListRoom(request) : ListTimes(request));
    }

    private ListMessagesResponse ListRoom(ListMessagesRequest request)
    {
        if (!peers.Rooms.ContainsKey(request.Conversation))
            throw FakePeerService.Refusal(Code.NotFound, "ROOM_UNKNOWN", "no such room");
        var all = feed.InRoom(request.Conversation).Where(batch => request.Author.Length == 0 || batch.Alias == request.Author).ToList();
        var end = request.Before.Length > 0 ? int.Parse(request.Before, System.Globalization.CultureInfo.InvariantCulture) : all.Count;
        var begin = Math.Max(0, end - RoomPage);
        var response = new ListMessagesResponse { Older = begin > 0 ? begin.ToString(System.Globalization.CultureInfo.InvariantCulture) : "" };
        response.Batches.AddRange(all[begin..end]);
        return response;
    }

    private ListMessagesResponse ListTimes(ListMessagesRequest request)
    {
        var size = (int)request.PageSize;
        var (first, last) = request.PlaceCase switch
        {
            ListMessagesRequest.PlaceOneofCase.After => Forward(request.After[^1] - 'a' + 1, size),
            ListMessagesRequest.PlaceOneofCase.FromMs => Forward(CountBefore(request.FromMs), size),
            ListMessagesRequest.PlaceOneofCase.Before => Back(request.Before[^1] - 'a', size),
            ListMessagesRequest.PlaceOneofCase.BeforeMs => Back(CountBefore(request.BeforeMs), size),
            _ => Back(Times.Count, size),
        };
        var answer = new ListMessagesResponse { Newer = Place(Math.Max(0, last - 1)), HasNewer = last < Times.Count };
        if (first > 0)
            answer.Older = Place(first);
        for (var number = first; number < last; number++)
            answer.Batches.Add(Message(number));
        return answer;
    }

    public override Task<SearchMessagesResponse> SearchMessages(SearchMessagesRequest request, ServerCallContext context)
    {
        Searches.Enqueue(request);
        return Task.FromResult(new SearchMessagesResponse { Batches = { Message(0) }, NextPage = request.Page.Length > 0 ? "" : "7" });
    }

    public override Task<SetRetentionResponse> SetRetention(SetRetentionRequest request, ServerCallContext context)
    {
        Retentions.Enqueue(request);
        return Task.FromResult(new SetRetentionResponse { Retention = new Retention { Conversation = request.Conversation } });
    }

    private (int First, int Last) Forward(int first, int size) => (Math.Min(first, Times.Count), Math.Min(first + size, Times.Count));

    private static (int First, int Last) Back(int last, int size) => (Math.Max(0, last - size), last);

    private int CountBefore(ulong milliseconds) => Times.Count(time => (ulong)time.ToUnixTimeMilliseconds() < milliseconds);

    private MessageBatch Message(int number) => new()
    {
        Author = "bob-id",
        Alias = "bob",
        Peer = "bob",
        Conversation = "conversation",
        Log = "log",
        FirstSequence = (ulong)number + 1,
        FirstPosition = (ulong)number + 1,
        Messages = { new Entry { Clock = (ulong)Times[number].ToUnixTimeMilliseconds() << 16, Content = new Content { Text = $"message {number}" } } },
    };
}

using P2PGrpc.Protocol;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>A room among nodes of a test, by their interface for clients.</summary>
internal sealed class TestRoom(string name)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    /// <summary>What members send to.</summary>
    public string Recipient => $"#{name}";

    public async Task<string> CreateAsync(NodeProcess founder) =>
        (await founder.Client.Conversations.CreateRoomAsync(new CreateRoomRequest { Name = name }, deadline: NodeClient.In(Limit))).Ticket;

    public async Task<string> GetTicketAsync(NodeProcess member) =>
        (await member.Client.Conversations.GetRoomTicketAsync(new GetRoomTicketRequest { Room = name }, deadline: NodeClient.In(Limit))).Ticket;

    /// <summary>Joins by the ticket of one member, and then by those of more: the node dials all of them from then on.</summary>
    public async Task JoinAsync(NodeProcess newcomer, params NodeProcess[] members)
    {
        foreach (var member in members)
            await newcomer.Client.Conversations.JoinRoomAsync(new JoinRoomRequest { Ticket = await GetTicketAsync(member) }, deadline: NodeClient.In(Limit));
    }

    public async Task LeaveAsync(NodeProcess member) =>
        await member.Client.Conversations.LeaveRoomAsync(new LeaveRoomRequest { Room = name }, deadline: NodeClient.In(Limit));

    /// <summary>The members that a node knows of.</summary>
    public async Task<IReadOnlyList<RoomMember>> ListMembersAsync(NodeProcess member) =>
        (await member.Client.Conversations.ListRoomMembersAsync(new ListRoomMembersRequest { Room = name }, deadline: NodeClient.In(Limit))).Members;

    public async Task SendAsync(NodeProcess member, string text) => await member.Client.SendAsync(Recipient, text, limit: Limit);

    /// <summary>All that a node holds of the room, its own messages among them, in the order in which they came to it.</summary>
    public Task<Reading> ReadAsync(NodeProcess member) => member.Client.ReadAllAsync(includeOwn: true, conversation: Recipient);

    /// <summary>All that a node shows of the room's history, the oldest first, by pages from the newest on.</summary>
    public async Task<List<ReadMessage>> ReadHistoryAsync(NodeProcess member, uint pageSize)
    {
        var messages = new List<ReadMessage>();
        var request = new ListMessagesRequest { Conversation = Recipient, PageSize = pageSize };
        ListMessagesResponse page;
        do
        {
            page = await member.Client.Conversations.ListMessagesAsync(request, deadline: NodeClient.In(Limit));
            messages.InsertRange(0, ReadMessage.Read(page.Batches));
            request.Before = page.Older;
        }
        while (page.Older.Length > 0);
        return messages;
    }

    /// <summary>Waits until each of the nodes holds these messages and no others.</summary>
    public async Task HoldAllAsync(IEnumerable<NodeProcess> members, IEnumerable<string> texts, TimeSpan? limit = null)
    {
        var expected = texts.Order(StringComparer.Ordinal).ToList();
        foreach (var member in members)
        {
            await Eventually.HoldsAsync(
                $"{member.Name} holds the {expected.Count} messages of the room",
                async () => (await ReadAsync(member)).Texts.Order(StringComparer.Ordinal).SequenceEqual(expected, StringComparer.Ordinal),
                limit ?? TimeSpan.FromSeconds(60));
        }
    }
}

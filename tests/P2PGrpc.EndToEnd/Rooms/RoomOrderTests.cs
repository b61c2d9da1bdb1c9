using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Rooms;

/// <summary>S6: members that hold the same messages show the same order, whatever their clocks say.</summary>
public sealed class RoomOrderTests
{
    private static readonly int[] Days = [0, 400, -400, 3, -2];

    private readonly TestRoom room = new("friends");

    /// <summary>Clocks are off by days to years, and one is set back by more while its node is away.</summary>
    [Fact]
    public async Task S6_Members_with_clocks_off_by_days_show_the_same_order()
    {
        FakeClock.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var members = Days.Select((_, index) => nodes.Add($"n{index}")).ToArray();
        for (var index = 0; index < members.Length; index++)
            members[index].Wrapper = FakeClock.Shifted(Days[index]);
        await Task.WhenAll(members.Select(member => member.StartAsync()));
        await room.CreateAsync(members[0]);
        for (var index = 1; index < members.Length; index++)
            await room.JoinAsync(members[index], members[index - 1]);
        var sent = new List<string>();
        await TalkAsync(members, sent, rounds: 3);

        await members[3].KillAsync();
        members[3].Wrapper = FakeClock.Shifted(-10);
        await members[3].StartAsync();
        await TalkAsync(members, sent, rounds: 3);
        await room.HoldAllAsync(members, sent);

        var orders = new List<List<string>>();
        foreach (var member in members)
            orders.Add(await ReadInOrderAsync(member));
        Assert.All(orders, order => Assert.Equal(orders[0], order));
        Assert.Equal(sent.Count, orders[0].Count);
        // It is no order in which they came to anybody: whose clock is behind stands first.
        Assert.StartsWith("n2 ", orders[0][0], StringComparison.Ordinal);
        Assert.StartsWith("n1 ", orders[0][^1], StringComparison.Ordinal);
        Assert.NotEqual(orders[0], (await room.ReadAsync(members[0])).Texts);
        await Campaign.StopAndVerifyAsync(members);
    }

    /// <summary>All say something at once, and have read all of it before they go on.</summary>
    private async Task TalkAsync(NodeProcess[] members, List<string> sent, int rounds)
    {
        for (var round = 0; round < rounds; round++)
        {
            var texts = members.Select(member => $"{member.Name} {sent.Count}").ToArray();
            await Task.WhenAll(members.Zip(texts, room.SendAsync));
            sent.AddRange(texts);
            await room.HoldAllAsync(members, sent);
        }
    }

    /// <summary>What a member shows of the room, in the order of history: by clock, author, log and sequence.</summary>
    private async Task<List<string>> ReadInOrderAsync(NodeProcess member) =>
    [
        .. (await room.ReadAsync(member)).Messages
            .OrderBy(message => message.Clock)
            .ThenBy(message => message.Author, StringComparer.Ordinal)
            .ThenBy(message => message.Log, StringComparer.Ordinal)
            .ThenBy(message => message.Sequence)
            .Select(message => message.Text),
    ];
}

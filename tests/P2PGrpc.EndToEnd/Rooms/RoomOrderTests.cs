using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Rooms;

/// <summary>S6: members that hold the same messages show the same order, whatever their clocks say.</summary>
public sealed class RoomOrderTests
{
    /// <summary>Small, so that pages end in the midst of what one author said.</summary>
    private const uint PageSize = 7;

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

        var orders = new List<List<ReadMessage>>();
        foreach (var member in members)
        {
            // The history is built beside the write path.
            await Eventually.HoldsAsync(
                $"{member.Name}'s history shows all", async () => (await room.ReadHistoryAsync(member, PageSize)).Count == sent.Count);
            orders.Add(await room.ReadHistoryAsync(member, PageSize));
        }

        Assert.All(orders, order => Assert.Equal(orders[0].Select(message => message.Text), order.Select(message => message.Text)));
        Assert.Equal(orders[0].Select(message => message.Clock).Order(), orders[0].Select(message => message.Clock));
        // It is not the order in which they came to anybody: whose clock is behind stands first.
        Assert.StartsWith("n2 ", orders[0][0].Text, StringComparison.Ordinal);
        Assert.StartsWith("n1 ", orders[0][^1].Text, StringComparison.Ordinal);
        foreach (var member in members)
            Assert.NotEqual(orders[0].Select(message => message.Text), (await room.ReadAsync(member)).Texts);
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
}

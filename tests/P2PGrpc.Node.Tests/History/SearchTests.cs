using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.History;
using P2PGrpc.Node.Tests.Hosting;
using Xunit;
using static P2PGrpc.Node.Tests.History.HistoryNode;

namespace P2PGrpc.Node.Tests.History;

/// <summary>Finding messages by their words.</summary>
public sealed class SearchTests
{
    private static readonly string[] Said =
        ["the quick brown fox", "The lazy dog sleeps", "a quick dog", "Crème brûlée, please", "well-kept gardens", "日本 is far", "quickly done", "c1 a1"];

    [Theory]
    [InlineData("quick", "a quick dog|the quick brown fox")]
    [InlineData("quick*", "quickly done|a quick dog|the quick brown fox")]
    [InlineData("QUICK dog", "a quick dog")]
    [InlineData("dog quick", "a quick dog")]
    [InlineData("\"dog quick\"", "")]
    [InlineData("\"quick brown\"", "the quick brown fox")]
    [InlineData("creme BRULEE", "Crème brûlée, please")]
    [InlineData("well kept", "well-kept gardens")]
    [InlineData("kept-gardens", "well-kept gardens")]
    [InlineData("日本", "日本 is far")]
    [InlineData("c1", "c1 a1")]
    [InlineData("the OR fox", "")]
    [InlineData("NOT the", "")]
    [InlineData("text:fox", "")]
    [InlineData("fox) OR (place:c1", "")]
    [InlineData("- the ... fox ^ +", "the quick brown fox")]
    [InlineData("\"quick brown", "the quick brown fox")]
    public async Task Words_find_messages_and_nothing_that_is_typed_breaks_the_search(string query, string expected)
    {
        await using var alice = await RunningNode.StartAsync("alice");
        foreach (var text in Said)
            await alice.SendAsync("self", text);
        Assert.Equal(expected.Split('|', StringSplitOptions.RemoveEmptyEntries), Texts((await alice.SearchAsync(query)).Batches));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \" \" ")]
    [InlineData("*")]
    [InlineData("-- !!")]
    [InlineData("q*")]
    public async Task A_query_without_words_is_refused(string query)
    {
        await using var alice = await RunningNode.StartAsync("alice");
        var refused = await Assert.ThrowsAsync<NodeRequestException>(() => alice.SearchAsync(query));
        Assert.Equal((StatusCode.InvalidArgument, "query"), (refused.Status, refused.Field));
    }

    [Fact]
    public void A_query_is_bounded()
    {
        Assert.Null(SearchQuery.Parse(new string('a', HistoryLimits.QueryLength + 1), [], out _));
        Assert.Null(SearchQuery.Parse(string.Join(' ', Enumerable.Repeat("a", HistoryLimits.QueryWords + 1)), [], out _));
        Assert.NotNull(SearchQuery.Parse(string.Join(' ', Enumerable.Repeat("a", HistoryLimits.QueryWords)), [], out _));
    }

    [Fact]
    public async Task A_search_keeps_to_a_conversation_and_an_author_and_goes_on_page_by_page()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob");
        await alice.Runtime.RoomAdministration.CreateAsync("friends", TestContext.Current.CancellationToken);
        await bob.Runtime.RoomAdministration.JoinAsync(alice.Runtime.RoomAdministration.WriteTicket("friends"), "", TestContext.Current.CancellationToken);
        for (var number = 0; number < 10; number++)
        {
            await bob.SendAsync("#friends", $"word by bob {number}");
            await alice.SendAsync("#friends", $"word by alice {number}");
            await alice.SendAsync("self", $"word alone {number}");
        }

        await RunningNode.WaitUntilAsync(() => alice.Runtime.Store.LastPosition == 30, "alice holds all");
        var found = new List<string>();
        for (var page = ""; ;)
        {
            var answer = await alice.SearchAsync("word", request => (request.PageSize, request.Page) = (7, page));
            found.AddRange(Texts(answer.Batches));
            page = answer.NextPage;
            if (page.Length == 0)
                break;
        }

        Assert.Equal(30, found.Distinct().Count());
        Assert.Equal("word alone 9", found.First(text => text.StartsWith("word alone", StringComparison.Ordinal)));
        Assert.All(Texts((await alice.SearchAsync("word", request => request.Conversation = "#friends")).Batches), text => Assert.DoesNotContain("alone", text, StringComparison.Ordinal));
        Assert.Equal(10, Texts((await alice.SearchAsync("word", request => (request.Conversation, request.Author) = ("#friends", bob.Id))).Batches).Count);
        Assert.Equal(20, Texts((await alice.SearchAsync("word", request => request.Author = "self")).Batches).Count);
        Assert.Empty((await alice.SearchAsync("word", request => (request.Conversation, request.Author) = ("self", bob.Id))).Batches);
    }
}

using System.Text;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Node.Web;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Web;

/// <summary>What paths, queries and bodies become.</summary>
public sealed class JsonRequestTests
{
    private static readonly HttpRule Send = HttpRules.All.Single(rule => rule.Method.Name == "Send");
    private static readonly HttpRule Subscribe = HttpRules.All.Single(rule => rule.Method.Name == "Subscribe");
    private static readonly HttpRule ListMessages = HttpRules.All.Single(rule => rule.Method.Name == "ListMessages");
    private static readonly HttpRule MarkRead = HttpRules.All.Single(rule => rule.Method.Name == "MarkRead");

    [Fact]
    public async Task A_query_may_write_names_in_both_ways_and_reach_into_fields()
    {
        var request = (SubscribeRequest)await ReadAsync(Subscribe, "?after.position=7&after.check=18446744073709551615&includeOwn=true&consumer=a.b");
        Assert.Equal(new SubscribeRequest { After = new Cursor { Position = 7, Check = ulong.MaxValue }, IncludeOwn = true, Consumer = "a.b" }, request);
        Assert.Equal(StartAt.Start, ((SubscribeRequest)await ReadAsync(Subscribe, "?start_at=START_AT_START")).StartAt);
    }

    [Fact]
    public async Task The_path_fills_its_fields()
    {
        var listed = (ListMessagesRequest)await ReadAsync(ListMessages, "?page_size=10&before_ms=5", route: ("conversation", "#friends"));
        Assert.Equal(new ListMessagesRequest { Conversation = "#friends", PageSize = 10, BeforeMs = 5 }, listed);
        var marked = (MarkReadRequest)await ReadAsync(MarkRead, body: """{"position":"9"}""", route: ("conversation", "bob"));
        Assert.Equal(new MarkReadRequest { Conversation = "bob", Position = 9 }, marked);
    }

    [Theory]
    [InlineData("?strat_at=START_AT_START", "There is no 'strat_at'.*consumer, start_at")]
    [InlineData("?start_at=NOW", "no SubscribeRequest")]
    [InlineData("?include_own=1", "'include_own' is true or false, not '1'")]
    [InlineData("?consumer=a&consumer=b", "'consumer' stands more than once")]
    [InlineData("?include_own=true&includeOwn=true", "'include_own' stands more than once")]
    [InlineData("?after=7", "'after' can't be given by a query")]
    [InlineData("?consumer.x=7", "'consumer.x' can't be given by a query")]
    [InlineData("?after.position=-1", "no SubscribeRequest")]
    [InlineData("?after.position.x=1", "'after.position.x' can't be given by a query")]
    [InlineData("?after.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x.x=1", "There is no ")]
    [InlineData("?start_at=START_AT_START&after.position=1", "no SubscribeRequest")]
    public async Task A_query_that_is_no_request_is_told_why(string query, string words) => Assert.Matches(words, await RefuseAsync(Subscribe, query));

    [Theory]
    [InlineData("""{"to":"bob","txet":"hello"}""", "no SendRequest: Unknown field: txet. It has to, text, data")]
    [InlineData("""{"to":1}""", "no SendRequest")]
    [InlineData("""{"to":"bob","text":"a","data":"YQ=="}""", "no SendRequest")]
    [InlineData("""{"data":"?"}""", "no SendRequest")]
    [InlineData("""{"to":"bob"} x""", "no SendRequest")]
    [InlineData("[]", "no SendRequest")]
    [InlineData("to=bob", "no SendRequest")]
    [InlineData("{\"to\":\"\u00ff\"}", "no UTF-8")]
    public async Task A_body_that_is_no_request_is_told_why(string body, string words) => Assert.Contains(words, await RefuseAsync(Send, body: body), StringComparison.Ordinal);

    [Fact]
    public async Task What_contradicts_itself_is_refused()
    {
        Assert.Contains("the rest of the request says 'carol'", await RefuseAsync(MarkRead, body: """{"conversation":"carol"}""", route: ("conversation", "bob")), StringComparison.Ordinal);
        Assert.Contains("no query", await RefuseAsync(Send, "?to=bob", "{}"), StringComparison.Ordinal);
        Assert.Contains("takes no body", await RefuseAsync(Subscribe, body: "{}"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_of_another_kind_is_refused_and_none_at_all_is_an_empty_request()
    {
        var refused = await Assert.ThrowsAsync<HttpRefusal>(() => ReadAsync(Send, body: "to=bob", contentType: "application/x-www-form-urlencoded"));
        Assert.Equal((415, "CONTENT_TYPE"), (refused.HttpStatus, refused.Error.Reason));
        refused = await Assert.ThrowsAsync<HttpRefusal>(() => ReadAsync(Send, body: "{}", contentType: "application/json; charset=utf-16"));
        Assert.Equal((415, "CONTENT_TYPE"), (refused.HttpStatus, refused.Error.Reason));
        Assert.Equal(new SendRequest(), await ReadAsync(Send, body: "{}", contentType: "Application/JSON;charset=\"UTF-8\""));
        Assert.Equal(new SendRequest(), await ReadAsync(Send, contentType: null));
    }

    /// <summary>Bodies with bytes changed, doubled, left out and nested: each is a message, or refused as the caller's mistake.</summary>
    [Fact]
    public void Whatever_the_body_is_it_is_a_request_or_refused()
    {
        var random = new Random(1);
        const string alphabet = "{}[]\":,\\/ \0\u20ac-+.eE0123456789truefalsnullxX";
        const string seed = """{"to":"bob","text":"h\u0065llo","headers":{"a":"b"},"waitFor":"DELIVERY_STATE_DELIVERED","ephemeral":false,"messageId":"m"}""";
        var taken = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var text = new StringBuilder(seed);
            for (var change = random.Next(1, 6); change > 0; change--)
            {
                var at = random.Next(text.Length);
                _ = random.Next(4) switch
                {
                    0 => text.Remove(at, Math.Min(text.Length - at, random.Next(1, 12))).Append(' '),
                    1 => text.Insert(at, alphabet[random.Next(alphabet.Length)]),
                    2 => text.Insert(at, new string("[{"[random.Next(2)], random.Next(1, 200))),
                    _ => text.Insert(at, text.ToString(at, Math.Min(text.Length - at, random.Next(1, 30)))),
                };
            }

            try
            {
                JsonRequest.Parse(text.ToString(), Send);
                taken++;
            }
            catch (RpcException refused)
            {
                Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
            }
        }

        Assert.True(taken > 100, $"Only {taken} were taken: the changes are too wild to show much.");
    }

    private static async Task<string> RefuseAsync(HttpRule rule, string query = "", string body = "", (string Name, string Value)? route = null)
    {
        var refused = await Assert.ThrowsAsync<RpcException>(() => ReadAsync(rule, query, body, route));
        Assert.Equal(StatusCode.InvalidArgument, refused.StatusCode);
        return refused.Status.Detail;
    }

    private static Task<Google.Protobuf.IMessage> ReadAsync(
        HttpRule rule, string query = "", string body = "", (string Name, string Value)? route = null, string? contentType = "application/json; charset=utf-8")
    {
        // A character is a byte here, so that a test can give bytes that are no UTF-8.
        var bytes = Encoding.Latin1.GetBytes(body);
        var context = new DefaultHttpContext();
        context.Request.Method = rule.Verb;
        context.Request.QueryString = new QueryString(query);
        context.Request.Body = new MemoryStream(bytes);
        context.Request.ContentLength = bytes.Length;
        context.Request.ContentType = contentType;
        if (route is { } value)
            context.Request.RouteValues[value.Name] = value.Value;
        return JsonRequest.ReadAsync(context, rule);
    }
}

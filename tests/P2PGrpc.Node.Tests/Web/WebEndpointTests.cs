using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Web;

/// <summary>The web endpoint of a real node, over TCP.</summary>
public sealed class WebEndpointTests : IAsyncLifetime
{
    private const string Listed = "https://app.example";

    private RunningNode node = null!;
    private HttpClient client = null!;
    private string token = "";

    public async ValueTask InitializeAsync()
    {
        node = await RunningNode.StartAsync("alice", settings => settings with { Web = new IPEndPoint(IPAddress.Loopback, 0), WebOrigins = [Listed] });
        client = new HttpClient { BaseAddress = new Uri(node.Runtime.WebAddress!), Timeout = RunningNode.Patience };
        token = (await File.ReadAllTextAsync(Path.Combine(node.DataDirectory, "api.token"), TestContext.Current.CancellationToken)).Trim();
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await node.DisposeAsync();
    }

    [Fact]
    public async Task What_is_sent_stands_in_the_history_and_is_found()
    {
        var sent = await CallAsync(HttpMethod.Post, "/v1/messages", """{"to":"self","text":"grün","message_id":"1"}""");
        var again = await CallAsync(HttpMethod.Post, "/v1/messages", """{"to":"self","text":"grün","messageId":"1"}""");
        Assert.Equal(HttpStatusCode.OK, sent.Status);
        Assert.Equal("DELIVERY_STATE_DELIVERED", sent.Json.GetProperty("state").GetString());
        Assert.Equal(sent.Json.GetProperty("reference").GetString(), again.Json.GetProperty("reference").GetString());

        await RunningNode.WaitUntilAsync(async () => (await CallAsync(HttpMethod.Get, "/v1/messages:search?query=grun")).Json.TryGetProperty("batches", out _), "it is found");
        var page = await CallAsync(HttpMethod.Get, "/v1/conversations/self/messages?page_size=5");
        Assert.Equal(["grün"], Texts(page.Json));
    }

    [Theory]
    [InlineData("POST", "/v1/messages", """{"to":"bobb","text":"x"}""", 404, 5, "PEER_UNKNOWN")]
    [InlineData("POST", "/v1/messages", """{"to":"self","text":""}""", 400, 3, "INVALID_FIELD")]
    [InlineData("POST", "/v1/messages", """{"to":"self","txet":"x"}""", 400, 3, "INVALID_FIELD")]
    [InlineData("DELETE", "/v1/peers/bob", null, 404, 5, "PEER_UNKNOWN")]
    [InlineData("GET", "/v1/subscribe?conversation=bob", null, 404, 5, "PEER_UNKNOWN")]
    [InlineData("GET", "/v1/subscribe?after.position=9", null, 400, 11, "CURSOR_UNKNOWN")]
    [InlineData("GET", "/v1/nothing", null, 404, 5, "PATH_UNKNOWN")]
    [InlineData("PUT", "/v1/peers", null, 405, 12, "VERB_UNKNOWN")]
    public async Task An_error_is_a_status_with_a_reason(string verb, string path, string? body, int httpStatus, int code, string reason)
    {
        var refused = await CallAsync(new HttpMethod(verb), path, body);
        Assert.Equal((httpStatus, code), ((int)refused.Status, refused.Json.GetProperty("code").GetInt32()));
        Assert.NotEqual("", refused.Json.GetProperty("message").GetString());
        var info = refused.Json.GetProperty("details").EnumerateArray().First();
        Assert.Equal("type.googleapis.com/google.rpc.ErrorInfo", info.GetProperty("@type").GetString());
        Assert.Equal((reason, "p2pgrpc"), (info.GetProperty("reason").GetString(), info.GetProperty("domain").GetString()));
    }

    [Fact]
    public async Task The_trace_of_a_request_is_written_into_the_message()
    {
        const string trace = "00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01";
        await CallAsync(HttpMethod.Post, "/v1/messages", """{"to":"self","text":"traced"}""", request => request.Headers.Add("traceparent", trace));
        Assert.Equal(trace, Assert.Single(await node.ReceiveAsync(1, request => request.IncludeOwn = true)).Entry.Content.Headers["traceparent"]);
    }

    [Fact]
    public async Task A_body_that_is_too_long_is_refused_before_it_is_read()
    {
        var refused = await CallAsync(HttpMethod.Post, "/v1/messages", new string(' ', 1024 * 1024 + 1), request => request.Headers.ExpectContinue = true);
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "BODY_TOO_LARGE"), (refused.Status, Reason(refused.Json)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("Bearer x")]
    [InlineData("Basic eDp4")]
    public async Task Nothing_is_answered_without_the_token(string? authorization)
    {
        foreach (var path in new[] { "/v1/node", "/openapi.json", "/v1/nothing", "/" })
        {
            var refused = await CallAsync(HttpMethod.Get, path, configure: request => SetAuthorization(request, authorization));
            Assert.Equal((HttpStatusCode.Unauthorized, "TOKEN_MISSING"), (refused.Status, Reason(refused.Json)));
        }
    }

    [Fact]
    public async Task No_part_of_the_token_opens_and_nothing_more_than_it()
    {
        foreach (var wrong in new[] { "", token[..1], token[..^1], token + "x", token + token, token.ToUpperInvariant() })
            Assert.Equal(
                (HttpStatusCode.Unauthorized, wrong), ((await CallAsync(HttpMethod.Get, "/v1/node", configure: request => SetAuthorization(request, $"Bearer {wrong}"))).Status, wrong));
    }

    [Theory]
    [InlineData("https://evil.example")]
    [InlineData("http://app.example")]
    [InlineData("https://app.example:444")]
    [InlineData("https://app.example.evil.example")]
    [InlineData("null")]
    public async Task Pages_of_other_origins_are_refused_also_with_the_token(string origin)
    {
        foreach (var verb in new[] { HttpMethod.Get, HttpMethod.Options })
        {
            var refused = await CallAsync(verb, "/v1/node", configure: request => AskAs(request, origin));
            Assert.Equal((HttpStatusCode.Forbidden, "ORIGIN_REFUSED"), (refused.Status, Reason(refused.Json)));
            Assert.DoesNotContain(refused.Headers, header => header.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
        }
    }

    [Fact]
    public async Task Pages_of_a_listed_origin_may_ask_without_the_token_and_call_with_it()
    {
        var asked = await CallAsync(HttpMethod.Options, "/v1/messages", configure: request =>
        {
            AskAs(request, Listed);
            SetAuthorization(request, null);
        });
        Assert.Equal(HttpStatusCode.NoContent, asked.Status);
        Assert.Equal([Listed], asked.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.Contains("authorization", asked.Headers.GetValues("Access-Control-Allow-Headers").Single(), StringComparison.Ordinal);

        var called = await CallAsync(HttpMethod.Get, "/v1/node", configure: request => request.Headers.Add("Origin", Listed));
        Assert.Equal((HttpStatusCode.OK, "alice"), (called.Status, called.Json.GetProperty("name").GetString()));
        Assert.Equal([Listed], called.Headers.GetValues("Access-Control-Allow-Origin"));
        var without = await CallAsync(HttpMethod.Get, "/v1/node", configure: request =>
        {
            request.Headers.Add("Origin", Listed);
            SetAuthorization(request, null);
        });
        Assert.Equal(HttpStatusCode.Unauthorized, without.Status);
    }

    [Theory]
    [InlineData("evil.example", false)]
    [InlineData("localhost.evil.example", false)]
    [InlineData("localhost:1", true)]
    [InlineData("[::1]:7555", true)]
    [InlineData("192.0.2.1", true)]
    public async Task A_name_that_was_led_to_the_nodes_address_gets_nothing(string host, bool mayCall)
    {
        var answer = await CallAsync(HttpMethod.Get, "/v1/node", configure: request => request.Headers.Host = host);
        Assert.Equal(mayCall ? HttpStatusCode.OK : HttpStatusCode.MisdirectedRequest, answer.Status);
    }

    [Fact]
    public async Task A_stream_goes_on_after_the_last_event_that_its_reader_had()
    {
        await node.SendAsync("self", "one");
        await node.SendAsync("self", "two");
        var first = await ReadEventsAsync("/v1/subscribe?start_at=START_AT_START&include_own=true", null, texts => texts.Count >= 2);
        Assert.Equal(["one", "two"], first.Texts);

        await node.SendAsync("self", "three");
        var second = await ReadEventsAsync("/v1/subscribe?start_at=START_AT_START&include_own=true", first.LastId, texts => texts.Count >= 1);
        Assert.Equal(["three"], second.Texts);
    }

    [Fact]
    public async Task A_named_consumer_goes_on_after_what_it_acknowledged_and_is_told_when_another_takes_over()
    {
        const string path = "/v1/subscribe?consumer=page&start_at=START_AT_START&include_own=true";
        await node.SendAsync("self", "one");
        var first = await ReadEventsAsync(path, null, texts => texts.Count >= 1);
        var (position, check) = (first.LastId.Split('.')[0], ulong.Parse(first.LastId.Split('.')[1], System.Globalization.NumberStyles.HexNumber, null));
        Assert.Equal(HttpStatusCode.OK, (await CallAsync(
            HttpMethod.Post, "/v1/acknowledge", $$$"""{"consumer":"page","cursor":{"position":"{{{position}}}","check":"{{{check}}}"}}""")).Status);

        await node.SendAsync("self", "two");
        using var early = await OpenAsync(path, null);
        await using var events = Parse(await early.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        Assert.True(await events.MoveNextAsync());
        Assert.Equal(["two"], Texts(JsonDocument.Parse(events.Current.Data).RootElement));
        using var late = await OpenAsync(path, null);
        string last;
        do
            last = events.Current.EventType + events.Current.Data;
        while (await events.MoveNextAsync());
        Assert.StartsWith("status{", last, StringComparison.Ordinal);
        Assert.Contains("CONSUMER_TAKEN_OVER", last, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reader_that_takes_nothing_harms_nobody()
    {
        using var stuck = await OpenAsync("/v1/subscribe?start_at=START_AT_START&include_own=true", null);
        var text = new string('x', 128 * 1024);
        for (var i = 0; i < 100; i++)
            await node.SendAsync("self", text);
        await node.SendAsync("self", "the last");
        var read = await ReadEventsAsync("/v1/subscribe?start_at=START_AT_START&include_own=true", null, texts => texts.Count >= 101);
        Assert.Equal("the last", read.Texts[^1]);
    }

    [Fact]
    public async Task A_call_whose_time_is_over_says_so()
    {
        var stream = await ReadAllAsync("/v1/events", request => request.Headers.Add("grpc-timeout", "500m"));
        Assert.Contains("DEADLINE_EXCEEDED", stream, StringComparison.Ordinal);
        Assert.StartsWith("event: status\n", stream, StringComparison.Ordinal);
        var wrong = await CallAsync(HttpMethod.Get, "/v1/node", configure: request => request.Headers.Add("grpc-timeout", "5 seconds"));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.Status);
    }

    [Fact]
    public async Task A_stream_ends_with_the_reason_when_the_node_stops()
    {
        using var response = await OpenAsync("/v1/events", null);
        var reading = response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        await node.StopAsync();
        Assert.Contains("NODE_STOPPING", await reading, StringComparison.Ordinal);
    }

    [Fact]
    public async Task gRPC_Web_is_served_and_gRPC_itself_is_not()
    {
        var message = new SendRequest { To = "self", Text = "by the web" };
        var (_, content, body) = await PostAsync("PeerService/Send", message);
        Assert.Equal("application/grpc-web", content);
        var length = BinaryPrimitives.ReadInt32BigEndian(body.AsSpan(1));
        Assert.Equal(DeliveryState.Delivered, SendResponse.Parser.ParseFrom(body, 5, length).State);
        Assert.Contains("grpc-status: 0", Encoding.ASCII.GetString(body, 5 + length, body.Length - 5 - length), StringComparison.OrdinalIgnoreCase);

        (_, content, body) = await PostAsync("PeerService/Send", message, "application/grpc");
        Assert.Equal("application/json", content);
        Assert.Contains("CONTENT_TYPE", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_backup_is_not_made_by_the_web()
    {
        var directory = node.DataDirectory + "-backup";
        var (status, _, body) = await PostAsync("NodeService/CreateBackup", new CreateBackupRequest { Directory = directory, WithKey = true });
        Assert.Equal(HttpStatusCode.NotFound, status);
        Assert.Contains("PATH_UNKNOWN", Encoding.UTF8.GetString(body), StringComparison.Ordinal);
        Assert.False(Directory.Exists(directory));
    }

    /// <summary>Calls a method by gRPC-Web, or says that it does.</summary>
    private async Task<(HttpStatusCode Status, string? Type, byte[] Body)> PostAsync(string method, IMessage message, string type = "application/grpc-web+proto")
    {
        byte[] bytes = message.ToByteArray();
        var frame = new byte[5 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), bytes.Length);
        bytes.CopyTo(frame, 5);
        using var request = Begin(HttpMethod.Post, $"/p2pgrpc.v1.{method}");
        request.Content = new ByteArrayContent(frame);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    private static void SetAuthorization(HttpRequestMessage request, string? value)
    {
        request.Headers.Remove("Authorization");
        if (value is not null)
            request.Headers.Add("Authorization", value);
    }

    private static void AskAs(HttpRequestMessage request, string origin)
    {
        request.Headers.Add("Origin", origin);
        request.Headers.Add("Access-Control-Request-Method", "POST");
    }

    private static string? Reason(JsonElement status) => status.GetProperty("details")[0].GetProperty("reason").GetString();

    private static List<string> Texts(JsonElement response) => !response.TryGetProperty("batches", out var batches) ? [] : [.. batches.EnumerateArray()
        .SelectMany(batch => batch.GetProperty("messages").EnumerateArray()).Select(entry => entry.GetProperty("content").GetProperty("text").GetString()!)];

    private static IAsyncEnumerable<SseItem<string>> Parse(Stream stream) => SseParser.Create(stream).EnumerateAsync(TestContext.Current.CancellationToken);

    private HttpRequestMessage Begin(HttpMethod verb, string path)
    {
        var request = new HttpRequestMessage(verb, new Uri(path, UriKind.Relative));
        SetAuthorization(request, $"Bearer {token}");
        return request;
    }

    private async Task<(HttpStatusCode Status, JsonElement Json, HttpResponseHeaders Headers)> CallAsync(
        HttpMethod verb, string path, string? body = null, Action<HttpRequestMessage>? configure = null)
    {
        using var request = Begin(verb, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        configure?.Invoke(request);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement, response.Headers);
    }

    private async Task<string> ReadAllAsync(string path, Action<HttpRequestMessage> configure)
    {
        using var request = Begin(HttpMethod.Get, path);
        configure(request);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }

    private async Task<HttpResponseMessage> OpenAsync(string path, string? lastId)
    {
        using var request = Begin(HttpMethod.Get, path);
        if (lastId is not null)
            request.Headers.Add("Last-Event-ID", lastId);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        return response;
    }

    private async Task<(List<string> Texts, string LastId)> ReadEventsAsync(string path, string? lastId, Func<List<string>, bool> isEnough)
    {
        using var response = await OpenAsync(path, lastId);
        var (texts, id) = (new List<string>(), "");
        await foreach (var item in Parse(await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken)))
        {
            texts.AddRange(Texts(JsonDocument.Parse(item.Data).RootElement));
            id = item.EventId ?? id;
            if (isEnough(texts))
                break;
        }

        return (texts, id);
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>What a node measures of its web endpoint, by listening in its process.</summary>
public sealed class WebMetricsTests : IAsyncLifetime
{
    private const string Duration = "http.server.request.duration";
    private const string Route = "http.route";
    private const string Status = "http.response.status_code";
    private const string Send = "p2pgrpc.v1.PeerService/Send";

    private RunningNode node = null!;
    private MetricsWatch watch = null!;
    private readonly SteppedClock clock = new();
    private HttpClient client = null!;
    private string token = "";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        node = await RunningNode.StartAsync("alice", settings => settings with { Web = new IPEndPoint(IPAddress.Loopback, 0), WebOrigins = ["https://app.example"] }, time: clock);
        watch = new MetricsWatch(node);
        client = new HttpClient { BaseAddress = new Uri(node.Runtime.WebAddress!), Timeout = RunningNode.Patience };
        token = (await File.ReadAllTextAsync(Path.Combine(node.DataDirectory, "api.token"), Token)).Trim();
    }

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        watch.Dispose();
        await node.DisposeAsync();
    }

    [Fact]
    public async Task Each_request_is_measured_by_its_route_and_no_label_can_grow_without_end()
    {
        await CallAsync("POST", "/v1/messages", """{"to":"self","text":"by JSON"}""");
        await CallAsync("POST", "/v1/rooms/%23made-up:leave", "{}");
        await CallAsync("GET", "/v1/made/up");
        await CallAsync("MADEUP", "/v1/node");
        await CallAsync("GET", "/openapi.json");
        await ReadEventsAsync(TimeSpan.FromSeconds(30));
        await CallAsync("GET", "/v1/node", configure: request => request.Headers.Add("Origin", "https://made.up"));
        await PostGrpcWebAsync(Send, new SendRequest { To = "self", Text = "by gRPC-Web" });

        await MeasuredAsync("the message", request => request.GetValueOrDefault(Route) == "/v1/messages" && request[Status] == "200" && request["http.request.method"] == "POST");
        await MeasuredAsync("the room", request => request.GetValueOrDefault(Route) == "/v1/rooms/{room}:leave" && request[Status] == "404");
        await MeasuredAsync("the path that leads nowhere", request => !request.ContainsKey(Route) && request[Status] == "404");
        await MeasuredAsync("the verb that is none", request => request["http.request.method"] == "_OTHER" && request[Status] == "405");
        await MeasuredAsync("the document", request => request.GetValueOrDefault(Route) == "/openapi.json");
        await MeasuredAsync("the stream", request => request.GetValueOrDefault(Route) == "/v1/events" && request[Status] == "200" && !request.ContainsKey("error.type"));
        await MeasuredAsync("the page", request => request[Status] == "403" && request["url.scheme"] == "http");
        await MeasuredAsync("gRPC-Web", request => request.GetValueOrDefault(Route) == $"/{Send}");
        var all = watch.Read();
        var call = Assert.Single(all, measured => measured.Name == "rpc.server.call.duration");
        Assert.Equal((Send, "OK"), (call.Labels["rpc.method"], call.Labels["rpc.response.status_code"]));
        Assert.Equal(30, Assert.Single(all, measured => measured.Name == Duration && measured.Labels.GetValueOrDefault(Route) == "/v1/events").Value);
        Assert.Equal(8, all.Count(measured => measured.Name == Duration));
        ClosedLabels.Check(all);
    }

    [Fact]
    public async Task What_is_refused_there_is_counted_by_its_reason()
    {
        await CallAsync("GET", "/v1/node", configure: request => request.Headers.Authorization = null);
        await CallAsync("GET", "/v1/node", configure: request => request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "wrong"));
        await CallAsync("GET", "/v1/node", configure: request => request.Headers.Add("Origin", "https://made.up"));
        await CallAsync("GET", "/v1/made/up");
        await CallAsync("POST", "/v1/messages", """{"to":"stranger","text":"by JSON"}""");
        await PostGrpcWebAsync(Send, new SendRequest { To = "stranger", Text = "by gRPC-Web" });
        // A reader's own time was over: it was refused nothing.
        await ReadEventsAsync(TimeSpan.FromSeconds(1));
        await CallAsync("GET", "/v1/subscribe?after.position=9");

        Assert.Equal((2, 1, 1), (Refused("TOKEN_MISSING"), Refused("ORIGIN_REFUSED"), Refused("PATH_UNKNOWN")));
        Assert.Equal((2, 1), (Refused("PEER_UNKNOWN"), Refused("CURSOR_UNKNOWN")));
        Assert.Equal(7, watch.ReadNow("p2pgrpc.calls.refused"));

        double Refused(string reason) => watch.ReadNow("p2pgrpc.calls.refused", "p2pgrpc.reason", reason);
    }

    /// <summary>The caller may have its answer a moment before it is measured.</summary>
    private Task MeasuredAsync(string what, Func<IReadOnlyDictionary<string, string>, bool> condition) =>
        RunningNode.WaitUntilAsync(() => watch.Read().Any(measured => measured.Name == Duration && condition(measured.Labels)), $"{what} is measured");

    private HttpRequestMessage Begin(string verb, string path)
    {
        var request = new HttpRequestMessage(new HttpMethod(verb), new Uri(path, UriKind.Relative));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return request;
    }

    private async Task CallAsync(string verb, string path, string? body = null, Action<HttpRequestMessage>? configure = null)
    {
        using var request = Begin(verb, path);
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        configure?.Invoke(request);
        using var response = await client.SendAsync(request, Token);
        await response.Content.ReadAsStringAsync(Token);
    }

    /// <summary>Reads a stream until the time is over that it was given.</summary>
    private async Task ReadEventsAsync(TimeSpan time)
    {
        using var request = Begin("GET", "/v1/events");
        request.Headers.Add("grpc-timeout", $"{time.TotalSeconds}S");
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
        clock.Advance(time);
        Assert.Contains("DEADLINE_EXCEEDED", await response.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
    }

    private async Task PostGrpcWebAsync(string method, SendRequest message)
    {
        byte[] bytes = message.ToByteArray();
        var frame = new byte[5 + bytes.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), bytes.Length);
        bytes.CopyTo(frame, 5);
        using var request = Begin("POST", "/" + method);
        request.Content = new ByteArrayContent(frame);
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc-web+proto");
        using var response = await client.SendAsync(request, Token);
        await response.Content.ReadAsByteArrayAsync(Token);
    }
}

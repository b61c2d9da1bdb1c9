using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>A3, V1: whatever programs of the same machine do to the endpoint for clients, its owner's calls are answered.</summary>
[Collection(Alone.Name)]
public sealed class ClientEndpointAbuseTests(HonestPair pair) : IClassFixture<HonestPair>
{
    private const int Idlers = 2000;
    private const int MostMemory = 512;
    private const string GetNode = "/p2pgrpc.v1.NodeService/GetNode";
    private static readonly TimeSpan Prompt = TimeSpan.FromSeconds(1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Two_thousand_connections_without_the_token_keep_nobody_out(bool speaking)
    {
        var token = TestContext.Current.CancellationToken;
        var watch = new ProcessWatch(pair.Alice);
        var idlers = new List<TcpClient>();
        try
        {
            for (var number = 0; number < Idlers; number++)
            {
                var idler = new TcpClient();
                idlers.Add(idler);
                await idler.ConnectAsync(IPAddress.Loopback, pair.Alice.ApiPort, token);
                if (speaking)
                    await idler.GetStream().WriteAsync(Http2Frame.Begin(), token);
            }

            await AssertServedAsync(pair.Alice.Client, "over the socket");
            await Eventually.HoldsAsync("a program with the token is served over TCP", async () =>
            {
                using var client = TokenClient();
                return (await client.SendAsync("bob", "by token", limit: Prompt)).State == DeliveryState.Accepted;
            });
        }
        finally
        {
            idlers.ForEach(idler => idler.Dispose());
        }

        Report(nameof(Two_thousand_connections_without_the_token_keep_nobody_out), watch);
        Assert.True(watch.Lines <= 2, pair.Alice.Output);
        Assert.True(watch.PeakMemory < MostMemory);
        await Eventually.HoldsAsync("their connections are gone", () => Task.FromResult(watch.CountFiles() <= watch.FilesBefore + 20));
    }

    [Theory]
    [InlineData(200, 100, false)]
    [InlineData(200, 100, true)]
    [InlineData(1, 1_000_000, false)]
    [InlineData(1, 1_000_000, true)]
    [InlineData(5_000, 10, false)]
    [InlineData(5_000, 10, true)]
    public async Task Metadata_without_end_is_refused_with_the_token_and_without_it(int entries, int length, bool authorised)
    {
        var watch = new ProcessWatch(pair.Alice);
        // The same call with little metadata is answered: it is the length that is refused.
        Assert.Equal(!authorised, (await AskAsync(3, 10, authorised)).Contains("api.token", StringComparison.Ordinal));

        AssertCutOff(await AskAsync(entries, length, authorised));

        await AssertServedAsync(pair.Alice.Client, "after the metadata");
        Report($"metadata {entries} × {length}", watch);
        Assert.True(watch.Lines <= 2, pair.Alice.Output);
        Assert.True(watch.PeakMemory < MostMemory);
    }

    [Fact]
    public async Task A_header_block_that_never_ends_is_cut_off_soon()
    {
        const int soon = 32 * 1024 * 1024;
        var token = TestContext.Current.CancellationToken;
        var watch = new ProcessWatch(pair.Alice);
        await using var client = await RawClient.ConnectAsync(pair.Alice, null, token);

        // What the system's buffers of the connection hold is sent, too, before the node's word is heard.
        Assert.InRange(await client.CallWithoutEndAsync(GetNode, token), 0, soon);

        AssertCutOff(await client.Connection.FirstAnswer.WaitAsync(token));
        Report(nameof(A_header_block_that_never_ends_is_cut_off_soon), watch);
        Assert.True(watch.Lines <= 2, pair.Alice.Output);
        Assert.True(watch.PeakMemory < MostMemory);
    }

    [Fact]
    public async Task Subscribers_that_never_read_cost_little_and_hold_nobody_up()
    {
        const int readers = 50;
        const uint more = 1000;
        var token = TestContext.Current.CancellationToken;
        var watch = new ProcessWatch(pair.Alice);
        var text = new string('t', 60_000);
        await using var client = await RawClient.ConnectAsync(pair.Alice, pair.Alice.Token, token);
        var request = new SubscribeRequest { StartAt = StartAt.Start, IncludeOwn = true }.ToByteArray();
        for (var reader = 0; reader < readers; reader++)
            await client.CallAsync(2 * reader + 1, "/p2pgrpc.v1.PeerService/Subscribe", request, token);
        for (var number = 0; number < 10; number++)
            await pair.Alice.Client.SendAsync("bob", text, limit: TimeSpan.FromSeconds(5));
        await Eventually.HoldsAsync("each subscription has sent all that it may", () => Task.FromResult(client.Connection.DataLength == readers * RawClient.FirstWindow));

        for (var number = 0; number < 1000; number++)
            await pair.Alice.Client.SendAsync("bob", text, limit: TimeSpan.FromSeconds(5));
        await AssertServedAsync(pair.Bob.Client, "bob's messages to alice", to: "alice");

        // All of them still stood there, and stood still: given room, each goes on, and only so far.
        Assert.Equal(readers * RawClient.FirstWindow, client.Connection.DataLength);
        for (var reader = 0; reader < readers; reader++)
            await client.AllowAsync(2 * reader + 1, more, token);
        await Eventually.HoldsAsync("each subscription goes on", () => Task.FromResult(client.Connection.DataLength == readers * (RawClient.FirstWindow + more)));
        Report(nameof(Subscribers_that_never_read_cost_little_and_hold_nobody_up), watch);
        Assert.True(watch.PeakMemory < MostMemory);
    }

    [Fact]
    public async Task Another_user_of_the_machine_gets_neither_the_token_nor_the_socket_nor_an_answer()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv") && Environment.UserName == "root", "Only root can act as another user, by setpriv of util-linux.");
        var script = "import socket,sys\n"
            + "def attempt(name, action):\n"
            + "    try: action(); print(name, 'POSSIBLE')\n"
            + "    except PermissionError: print(name, 'denied')\n"
            + "attempt('token', lambda: open(sys.argv[1] + '/api.token').read())\n"
            + "attempt('key', lambda: open(sys.argv[1] + '/identity.key').read())\n"
            + "attempt('database', lambda: open(sys.argv[1] + '/p2pgrpc.db', 'rb').read())\n"
            + "attempt('socket', lambda: socket.socket(socket.AF_UNIX).connect(sys.argv[1] + '/api.sock'))\n";
        var other = await Command.RunAsync(
            "/usr/bin/setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "/usr/bin/python3", "-c", script, pair.Alice.DataDirectory]);

        Assert.Equal("token denied\nkey denied\ndatabase denied\nsocket denied\n", other.Output);
        using var client = NodeClient.OverTcp(pair.Alice.ApiAddress, token: null);
        var refused = await Assert.ThrowsAsync<RpcException>(() => client.SendAsync("bob", "from somebody else"));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    [Theory]
    [InlineData("wrong")]
    [InlineData("")]
    public async Task A_wrong_token_is_refused(string suffix)
    {
        using var client = NodeClient.OverTcp(pair.Alice.ApiAddress, suffix.Length > 0 ? pair.Alice.Token + suffix : pair.Alice.Token[..^1]);
        var refused = await Assert.ThrowsAsync<RpcException>(() => client.SendAsync("bob", "by a wrong token"));
        Assert.Equal(StatusCode.Unauthenticated, refused.StatusCode);
    }

    /// <summary>A3: what a browser sends by itself is refused even where a page has got hold of the token, or none is asked for.</summary>
    [Theory]
    [InlineData("POST", "application/grpc", "http://a-page.example", HttpStatusCode.Forbidden)]
    [InlineData("GET", null, null, HttpStatusCode.MethodNotAllowed)]
    [InlineData("POST", "application/json", null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "application/grpc-web", null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", null, null, HttpStatusCode.UnsupportedMediaType)]
    [InlineData("POST", "application/grpc", null, HttpStatusCode.OK)]
    public async Task Only_a_gRPC_clients_requests_are_taken(string method, string? contentType, string? origin, HttpStatusCode expected)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(new HttpMethod(method), $"{pair.Alice.ApiAddress}/p2pgrpc.v1.NodeService/GetNode")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", pair.Alice.Token);
        if (origin is not null)
            request.Headers.Add("Origin", origin);
        if (method == "POST")
        {
            request.Content = new ByteArrayContent(new byte[5]);
            request.Content.Headers.ContentType = contentType is null ? null : new MediaTypeHeaderValue(contentType);
        }

        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(expected, answer.StatusCode);
    }

    /// <summary>Asks for the node's description with so much metadata, over TCP; gives what came back first.</summary>
    private async Task<string> AskAsync(int entries, int length, bool authorised)
    {
        var token = TestContext.Current.CancellationToken;
        var metadata = Enumerable.Range(0, entries).Select(entry => ($"x-{entry.ToString(CultureInfo.InvariantCulture)}", new string('m', length)));
        await using var client = await RawClient.ConnectAsync(pair.Alice, authorised ? pair.Alice.Token : null, token);
        try
        {
            await client.CallAsync(1, GetNode, [], token, [.. metadata]);
        }
        catch (IOException)
        {
            // The node hung up before it had heard all.
        }

        return await client.Connection.FirstAnswer.WaitAsync(Eventually.Generous, token);
    }

    /// <summary>The node has ended the call or the connection, or answered 431 (Request Header Fields Too Large), a text of three characters in the block.</summary>
    private static void AssertCutOff(string answer) =>
        Assert.True(answer is "hung up" or "RstStream" or "GoAway" || answer.Contains("\u0003431", StringComparison.Ordinal), answer);

    private NodeClient TokenClient() => NodeClient.OverTcp(pair.Alice.ApiAddress, pair.Alice.Token);

    private static async Task AssertServedAsync(NodeClient client, string which, string to = "bob")
    {
        var started = TimeProvider.System.GetTimestamp();
        await client.SendAsync(to, which, waitFor: DeliveryState.Delivered, limit: Eventually.Generous);
        var took = TimeProvider.System.GetElapsedTime(started);
        Assert.True(took < Prompt, $"{which}: {took}");
    }

    private static void Report(string name, ProcessWatch watch) => TestContext.Current.TestOutputHelper?.WriteLine(
        string.Create(CultureInfo.InvariantCulture, $"{name}: alice took {watch.PeakMemory} MiB at most and wrote {watch.Lines} lines"));
}

using System.Text.Json;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Clients in other languages, with nothing but reflection or the protos.</summary>
public sealed class ForeignClientTests
{
    private const string Send = "p2pgrpc.v1.PeerService/Send";

    [Fact]
    public async Task Buf_curl_sends_with_reflection_over_TCP_and_over_the_socket()
    {
        BufCurl.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();

        var overTcp = await BufCurl.CallAsync(alice, Send, """{"to":"bob","text":"by TCP 👋","waitFor":"DELIVERY_STATE_DELIVERED"}""", alice.Token);
        var overSocket = await BufCurl.CallSocketAsync(alice, Send, """{"to":"bob","text":"by socket"}""");

        Assert.True(overTcp.ExitCode == 0, overTcp.ToString());
        Assert.True(overSocket.ExitCode == 0, overSocket.ToString());
        using var answer = JsonDocument.Parse(overTcp.Output);
        Assert.Equal("DELIVERY_STATE_DELIVERED", answer.RootElement.GetProperty("state").GetString());
        var read = await bob.Client.ReadAsync(new SubscribeRequest { StartAt = StartAt.Start }, 2);
        Assert.Equal(["by TCP 👋", "by socket"], read.Texts);
    }

    [Fact]
    public async Task Health_and_both_versions_of_reflection_answer()
    {
        BufCurl.SkipIfMissing();
        await using var nodes = new Neighbourhood();
        var node = nodes.Add("alice");
        await node.StartAsync();

        foreach (var service in new[] { "", "p2pgrpc.v1.PeerService" })
        {
            var health = await BufCurl.CallSocketAsync(node, "grpc.health.v1.Health/Check", $$"""{"service":"{{service}}"}""");
            Assert.Contains("SERVING", health.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("NOT_SERVING", health.Output, StringComparison.Ordinal);
        }
        foreach (var version in new[] { "grpc-v1", "grpc-v1alpha" })
        {
            var listed = await Command.RunAsync(Checkout.Buf,
                ["curl", "--http2-prior-knowledge", "--protocol", "grpc", "--unix-socket", node.SocketPath, "--reflect-protocol", version,
                    "-d", "{}", "http://localhost/p2pgrpc.v1.NodeService/GetNode"], folder: Path.GetTempPath());
            Assert.True(listed.ExitCode == 0, listed.ToString());
            Assert.Contains("\"name\":\"alice\"", listed.Output.Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Python_sends_streams_and_subscribes()
    {
        using var python = await PythonClient.PrepareAsync();
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();

        var sent = await python.RunAsync(alice, "send", "bob", "grüße 🐍", "id-1");
        var repeated = await python.RunAsync(alice, "send", "bob", "grüße 🐍", "id-1");
        var streamed = await python.RunAsync(alice, "send-many", "bob", "n", "35");
        var read = await python.RunAsync(bob, "read", "36");
        var refused = await python.RunAsync(alice, "send", "bobb", "hello");

        Assert.True(sent.ExitCode == 0, sent.ToString());
        Assert.Equal(sent.Output, repeated.Output);
        Assert.True(streamed.ExitCode == 0, streamed.ToString());
        Assert.True(read.ExitCode == 0, read.ToString());
        var texts = read.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line =>
        {
            using var message = JsonDocument.Parse(line);
            Assert.Equal("alice", message.RootElement.GetProperty("alias").GetString());
            return message.RootElement.GetProperty("text").GetString()!;
        });
        Assert.Equal(Enumerable.Range(0, 35).Select(i => $"n{i}").Prepend("grüße 🐍"), texts);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("NOT_FOUND", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Node_js_sends_and_subscribes()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();

        var sent = await NodeJsClient.RunAsync(alice, "send", "bob", "grüße aus node 🟢");
        var read = await NodeJsClient.RunAsync(bob, "read", "1");

        Assert.True(sent.ExitCode == 0, sent.ToString());
        Assert.Contains("DELIVERY_STATE_ACCEPTED", sent.Output, StringComparison.Ordinal);
        Assert.True(read.ExitCode == 0, read.ToString());
        using var message = JsonDocument.Parse(read.Output);
        Assert.Equal("grüße aus node 🟢", message.RootElement.GetProperty("text").GetString());
    }
}

using Grpc.Core;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>C3: what a node writes about itself holds neither keys nor the token nor what messages say, however much it is told to say.</summary>
public sealed class SecrecyTests
{
    private const string Said = "the-body-of-a-message";
    private const string Headed = "the-value-of-a-header";

    [Fact]
    public async Task The_log_holds_no_key_no_token_and_no_body()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        foreach (var node in new[] { alice, bob })
        {
            node.Options.Add("--verbose");
            node.Options.Add("--quiet");
        }

        await Task.WhenAll(alice.StartAsync(), bob.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        await SendAsync(alice, "bob", DeliveryState.Delivered);
        await Assert.ThrowsAsync<RpcException>(() => SendAsync(alice, "nobody", DeliveryState.Accepted));
        await bob.KillAsync();
        await SendAsync(alice, "bob", DeliveryState.Accepted);
        await bob.StartAsync();
        await Eventually.HoldsAsync("bob has both", async () => (await bob.Client.ReadAllAsync()).Messages.Count == 2);
        await Task.WhenAll(alice.StopAsync(), bob.StopAsync());

        foreach (var node in new[] { alice, bob })
        {
            // Without such a line the log would prove nothing.
            Assert.Contains("P2PGrpc.Node", node.Output, StringComparison.Ordinal);
            foreach (var secret in Secrets(node).Append(Said).Append(Headed))
                Assert.DoesNotContain(secret, node.Output, StringComparison.Ordinal);
        }
    }

    private static async Task SendAsync(NodeProcess node, string to, DeliveryState state)
    {
        var request = new SendRequest { To = to, Text = Said, WaitFor = state };
        request.Headers["subject"] = Headed;
        await node.Client.Peer.SendAsync(request, deadline: NodeClient.In(Eventually.Generous));
    }

    /// <summary>The token, and each long word of the key file that is not the public PeerId.</summary>
    private static IEnumerable<string> Secrets(NodeProcess node)
    {
        yield return node.Token;
        var words = File.ReadAllText(Path.Combine(node.DataDirectory, "identity.key")).Split([' ', '\n', ':'], StringSplitOptions.RemoveEmptyEntries);
        var secrets = words.Where(word => word.Length >= 40 && !node.Output.Contains($"{word}@", StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(secrets);
        foreach (var secret in secrets)
            yield return secret;
    }
}

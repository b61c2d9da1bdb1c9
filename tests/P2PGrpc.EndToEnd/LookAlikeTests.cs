using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>A5: letters that look like others. What a peer calls itself is never who it is: messages bear the name that this node's owner gave, of plain
/// ASCII letters, or the identity itself.</summary>
public sealed class LookAlikeTests
{
    private const string LikeBob = "b\u043Eb";

    [Fact]
    public async Task A_peer_that_calls_itself_like_another_is_not_shown_by_that_name()
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = nodes.AddPair();
        alice.Options.Add("--accept");
        alice.Options.Add("any");
        var other = nodes.Add(LikeBob);
        other.Peers.Add($"alice={alice.ListenAddress}");
        await Task.WhenAll(alice.StartAsync(), bob.StartAsync(), other.StartAsync());
        await Neighbourhood.LinkedAsync(alice, bob);
        await bob.Client.SendAsync("alice", "from bob", waitFor: DeliveryState.Delivered);
        await other.Client.SendAsync("alice", "from somebody else", waitFor: DeliveryState.Delivered);

        var read = await alice.Client.ReadAllAsync();
        var tail = await Command.P2PGrpcAsync("tail", "--from", "start", "--no-follow", "--data", alice.DataDirectory);

        Assert.Equal(["bob", await other.Client.GetPeerIdAsync()], read.Messages.Select(message => message.Peer));
        Assert.Contains("bob: from bob", tail.Output, StringComparison.Ordinal);
        Assert.Contains("from somebody else", tail.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(LikeBob, tail.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(LikeBob + ": ", alice.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LikeBob)]
    [InlineData("\uFF42ob")]
    [InlineData("b\u03BFb")]
    public async Task An_alias_has_no_letters_that_look_like_others(string alias)
    {
        await using var nodes = new Neighbourhood();
        var (alice, bob) = await nodes.StartPairAsync();

        var result = await Command.P2PGrpcAsync("peers", "add", $"{alias}={bob.ListenAddress}", "--data", alice.DataDirectory);

        Assert.Equal(4, result.ExitCode);
        Assert.DoesNotContain(alias, (await Command.P2PGrpcAsync("peers", "list", "--json", "--data", alice.DataDirectory)).Output, StringComparison.Ordinal);
    }
}

using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using Xunit;

namespace P2PGrpc.Node.Tests.Peers;

public sealed class PeerSpecificationTests
{
    private static readonly string Id = IdentityKey.FromSeed(new byte[32]).PeerId.ToString();

    [Theory]
    [InlineData("127.0.0.1:5556", null, false, "127.0.0.1:5556")]
    [InlineData("bob=127.0.0.1:5556", "bob", false, "127.0.0.1:5556")]
    [InlineData("bob=ID@host.example:1", "bob", true, "host.example:1")]
    [InlineData("ID@[::1]:5555", null, true, "[::1]:5555")]
    [InlineData("bob=ID@srv:_p2pgrpc._tcp.Example.org", "bob", true, "srv:_p2pgrpc._tcp.example.org")]
    [InlineData("srv:5555", null, false, "srv:5555")]
    [InlineData("bob=ID", "bob", true, null)]
    [InlineData("ID", null, true, null)]
    public void All_forms_of_a_peer_are_read(string text, string? alias, bool hasId, string? address)
    {
        var peer = PeerSpecification.Parse(text.Replace("ID", Id, StringComparison.Ordinal), out var fault);
        Assert.Equal("", fault);
        Assert.NotNull(peer);
        Assert.Equal(alias, peer.Alias);
        Assert.Equal(hasId ? Id : null, peer.PeerId?.ToString());
        Assert.Equal(address, peer.Address?.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("bob")]
    [InlineData("bob=")]
    [InlineData("=127.0.0.1:1")]
    [InlineData("Bob=127.0.0.1:1")]
    [InlineData("self=127.0.0.1:1")]
    [InlineData("bob=127.0.0.1")]
    [InlineData("bob=127.0.0.1:0")]
    [InlineData("bob=127.0.0.1:65536")]
    [InlineData("bob=127.0.0.1: 80")]
    [InlineData("abc@127.0.0.1:5555")]
    [InlineData("bob=ho st:1")]
    [InlineData("bob=[127.0.0.1]:1")]
    [InlineData("bob=-x:1")]
    [InlineData("srv:_p2pgrpc")]
    [InlineData("srv:p2pgrpc._tcp.example.org")]
    [InlineData("srv:_p2pgrpc._tcp.exa mple.org")]
    [InlineData("srv:_p2pgrpc._tcp.example..org")]
    [InlineData("srv:_p2pgrpc._tcp.example.org.")]
    public void What_is_no_peer_is_refused_with_the_rule(string text)
    {
        Assert.Null(PeerSpecification.Parse(text, out var fault));
        Assert.NotEqual("", fault);
    }
}

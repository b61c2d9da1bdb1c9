using System.Net;
using P2PGrpc.Node.Tests.Links;
using P2PGrpc.Node.Wire;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>A4: where a node connects because others name an address.</summary>
public sealed class DialRuleTests
{
    private static readonly DialPolicy Open = DialPolicy.ForLearnt(IPAddress.Any, dialAny: false);
    private static readonly DialPolicy Local = DialPolicy.ForLearnt(IPAddress.Loopback, dialAny: false);

    [Theory]
    [InlineData("192.0.2.7")]
    [InlineData("10.1.2.3")]
    [InlineData("172.16.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("100.64.0.1")]
    [InlineData("2001:db8::1")]
    [InlineData("fd00::1")]
    [InlineData("::ffff:10.1.2.3")]
    [InlineData("64:ff9b::c000:207")]
    public void A4_Others_are_dialled_on_private_networks_too(string address) => Assert.True(Open.Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("169.254.169.254")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("fe80::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0.0.0.0")]
    [InlineData("::127.0.0.1")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("2002:7f00:1::1")]
    [InlineData("2002:a9fe:a9fe::")]
    public void A4_This_machine_and_what_is_no_machine_are_not(string address)
    {
        Assert.False(Open.Allows(IPAddress.Parse(address)));
        Assert.True(DialPolicy.ForLearnt(IPAddress.Any, dialAny: true).Allows(IPAddress.Parse(address)));
        Assert.True(DialPolicy.Anywhere.Allows(IPAddress.Parse(address)));
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("169.254.1.1", false)]
    [InlineData("fe80::1", false)]
    public void A4_Who_listens_on_loopback_dials_loopback_and_nothing_else_besides(string address, bool allowed) =>
        Assert.Equal(allowed, Local.Allows(IPAddress.Parse(address)));

    /// <summary>Names are looked at by what they lead to, and however an address may be written.</summary>
    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    [InlineData("127.1")]
    [InlineData("2130706433")]
    [InlineData("0x7f000001")]
    [InlineData("0177.0.0.1")]
    [InlineData("[::ffff:127.0.0.1]")]
    [InlineData("0.0.0.0")]
    public async Task A4_No_spelling_of_this_machine_makes_a_connection(string host)
    {
        using var victim = new DialCounter();
        await using var alice = new TestNode(1);
        var port = int.Parse(victim.Address.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
        var refused = await Assert.ThrowsAsync<DialException>(
            () => alice.Dialer().DialAsync(host, port, null, Open, TestContext.Current.CancellationToken));
        Assert.Equal(DialFailure.Forbidden, refused.Kind);
        Assert.Contains("--dial-any", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, victim.Count);
    }
}

using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>V1: those that connect and then do nothing are let go.</summary>
public sealed class ExhaustionTests
{
    [Fact]
    public async Task V1_a_connection_that_never_begins_TLS_is_closed()
    {
        var limits = new WireLimits { HandshakeTimeout = TimeSpan.FromMilliseconds(200) };
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo, limits);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, bob.Port);

        await AssertClosedAsync(client.GetStream());
    }

    [Fact]
    public async Task V1_a_connection_that_never_opens_a_call_is_closed()
    {
        var limits = new WireLimits { IdleTimeout = TimeSpan.FromMilliseconds(500) };
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo, limits);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, bob.Port);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(RawTls.HonestOptions());

        await AssertClosedAsync(tls);
    }

    [Fact]
    public async Task V1_no_more_connections_than_allowed_are_held()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(TestNode.Echo), new WireLimits { Connections = 1 });
        await using var link = await alice.DialAsync(bob);

        var error = await Assert.ThrowsAsync<DialException>(() => alice.DialAsync(bob));

        Assert.Equal(DialFailure.Refused, error.Kind);
        await link.ReadAsync(CancellationToken.None);
        await link.WriteAsync(TransientFrames.WritePing(1, reply: false), CancellationToken.None);
        Assert.Equal(1u, (await link.ReadAsync(CancellationToken.None))!.Ping.Number);
    }

    [Theory]
    [InlineData("Link")]
    [InlineData("Nothing")]
    public async Task V1_a_connection_is_closed_once_its_call_was_refused_whatever_the_other_side_does(string method)
    {
        var limits = new WireLimits { IdleTimeout = TimeSpan.FromMinutes(5) };
        await using var bob = await new TestNode(2).ListenAsync(
            TestNode.Challenge(async (connection, token) =>
            {
                await connection.WriteAsync(HelloFrames.WriteGoodbye(GoodbyeReason.NotAdmitted, "no"), token);
                await connection.CompleteAsync();
            }),
            limits);
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, bob.Port);
        await using var tls = new SslStream(client.GetStream());
        await tls.AuthenticateAsClientAsync(RawTls.HonestOptions());
        await RawTls.OpenCallAsync(tls, method);

        await AssertClosedAsync(tls);
    }

    /// <summary>Reads whatever the node still says, until it has hung up.</summary>
    private static async Task AssertClosedAsync(Stream stream)
    {
        using var patience = new CancellationTokenSource(TestNode.Patience);
        try
        {
            while (await stream.ReadAsync(new byte[1024], patience.Token) > 0)
            {
            }
        }
        catch (IOException)
        {
            // A reset closes the connection as well.
        }

        Assert.False(patience.IsCancellationRequested);
    }
}

using System.Net;
using System.Net.Sockets;
using Google.Protobuf;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>Two nodes over real TLS on loopback.</summary>
public sealed class ConnectionTests
{
    [Fact]
    public async Task Both_sides_know_each_other_and_exchange_frames()
    {
        var seen = new TaskCompletionSource<IFrameConnection>();
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(async (connection, token) =>
        {
            seen.SetResult(connection);
            await TestNode.Echo(connection, token);
        }));

        await using var link = await alice.DialAsync(bob, bob.PeerId);
        var served = await seen.Task.WaitAsync(TestNode.Patience);

        Assert.True(link.Dialled);
        Assert.False(served.Dialled);
        Assert.Equal(bob.PeerId, link.Peer);
        Assert.Equal(alice.PeerId, served.Peer);
        Assert.Equal(bob.Certificate.SubjectPublicKeyInfo.ToArray(), link.RemoteKeyInfo.ToArray());
        Assert.Equal(alice.Certificate.SubjectPublicKeyInfo.ToArray(), served.RemoteKeyInfo.ToArray());
        Assert.Equal($"127.0.0.1:{bob.Port}", link.RemoteAddress);
        Assert.StartsWith("127.0.0.1:", served.RemoteAddress, StringComparison.Ordinal);

        var challenge = await link.ReadAsync(CancellationToken.None);
        Assert.Equal(TestNode.Nonce(1), challenge!.Challenge.Nonce.ToByteArray());
        for (ulong number = 0; number < 100; number++)
        {
            await link.WriteAsync(TransientFrames.WritePing(number, reply: false), CancellationToken.None);
            Assert.Equal(number, (await link.ReadAsync(CancellationToken.None))!.Ping.Number);
        }

        await link.CompleteAsync();
        Assert.Null(await link.ReadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task The_largest_frame_passes_both_ways()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(TestNode.Echo));
        await using var link = await alice.DialAsync(bob);
        await link.ReadAsync(CancellationToken.None);
        var frame = FrameOfLength(FrameLimits.FrameLength);

        await link.WriteAsync(frame, CancellationToken.None);

        Assert.Equal(frame, await link.ReadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Frames_flow_both_ways_at_once_without_waiting_for_each_other()
    {
        const int count = 200;
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(async (connection, token) =>
        {
            var writing = WriteManyAsync(connection, count, token);
            await ReadManyAsync(connection, count, token);
            await writing;
            await connection.CompleteAsync();
        }));
        await using var link = await alice.DialAsync(bob);
        await link.ReadAsync(CancellationToken.None);

        var sent = WriteManyAsync(link, count, CancellationToken.None);
        await ReadManyAsync(link, count, CancellationToken.None).WaitAsync(TestNode.Patience);
        await sent;
        await link.CompleteAsync();

        Assert.Null(await link.ReadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Another_identity_than_the_expected_one_is_refused_and_named()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(TestNode.Echo));
        await using var carol = new TestNode(3);

        var error = await Assert.ThrowsAsync<DialException>(() => alice.DialAsync(bob, carol.PeerId));

        Assert.Equal(DialFailure.IdentityMismatch, error.Kind);
        Assert.Equal(bob.PeerId, error.Found);
        Assert.Contains(bob.PeerId.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_nobody_listens_a_dial_says_unreachable()
    {
        await using var alice = new TestNode(1);
        using var reserved = new TcpListener(IPAddress.Loopback, 0);
        reserved.Start();
        var port = ((IPEndPoint)reserved.LocalEndpoint).Port;
        reserved.Stop();

        var error = await Assert.ThrowsAsync<DialException>(
            () => alice.Dialer().DialAsync("127.0.0.1", port, null, CancellationToken.None));

        Assert.Equal(DialFailure.Unreachable, error.Kind);
        Assert.Null(error.Found);
    }

    [Theory]
    [InlineData("no such host")]
    [InlineData("name.invalid")]
    [InlineData("")]
    [InlineData("a\u001b[31mb")]
    public async Task A_name_that_leads_nowhere_is_unreachable(string host)
    {
        await using var alice = new TestNode(1);

        var error = await Assert.ThrowsAsync<DialException>(() => alice.Dialer().DialAsync(host, 1, null, CancellationToken.None));

        Assert.Equal(DialFailure.Unreachable, error.Kind);
        Assert.DoesNotContain('\u001b', error.Message);
    }

    [Fact]
    public async Task A_listener_that_never_answers_costs_a_dial_its_time_limit_only()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var alice = new TestNode(1);
        var time = new FakeTimeProvider();
        var limits = new WireLimits();

        var dial = alice.Dialer(limits, time).DialAsync("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, null, CancellationToken.None);
        using var accepted = await silent.AcceptSocketAsync();
        time.Advance(limits.DialTimeout);

        var error = await Assert.ThrowsAsync<DialException>(() => dial.WaitAsync(TestNode.Patience));
        Assert.Equal(DialFailure.Timeout, error.Kind);
    }

    [Fact]
    public async Task A_dial_can_be_given_up()
    {
        using var silent = new TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        await using var alice = new TestNode(1);
        using var giveUp = new CancellationTokenSource();

        var dial = alice.Dialer().DialAsync("127.0.0.1", ((IPEndPoint)silent.LocalEndpoint).Port, null, giveUp.Token);
        using var accepted = await silent.AcceptSocketAsync();
        await giveUp.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => dial.WaitAsync(TestNode.Patience));
    }

    [Fact]
    public async Task A_node_that_answers_and_then_refuses_is_still_found()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync((_, _) => Task.CompletedTask);

        var error = await Assert.ThrowsAsync<DialException>(() => alice.DialAsync(bob));

        Assert.Equal(DialFailure.Refused, error.Kind);
        Assert.Equal(bob.PeerId, error.Found);
    }

    [Fact]
    public async Task A_goodbye_arrives_before_the_end()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(async (connection, token) =>
        {
            await connection.WriteAsync(HelloFrames.WriteGoodbye(GoodbyeReason.Busy, "no room"), token);
            await connection.CompleteAsync();
        }));
        await using var link = await alice.DialAsync(bob);
        await link.ReadAsync(CancellationToken.None);

        var goodbye = await link.ReadAsync(CancellationToken.None);

        Assert.Equal((GoodbyeReason.Busy, "no room"), HelloFrames.Read(goodbye!.Goodbye));
        Assert.Null(await link.ReadAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_link_that_the_served_side_breaks_off_reads_as_a_reset()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(
            async (connection, token) => await connection.ReadAsync(token)));
        await using var link = await alice.DialAsync(bob);
        await link.ReadAsync(CancellationToken.None);
        await link.WriteAsync(TransientFrames.WritePing(1, reply: false), CancellationToken.None);

        var error = await Assert.ThrowsAsync<WireException>(async () => await link.ReadAsync(CancellationToken.None));

        Assert.Equal(WireFailure.Reset, error.Kind);
    }

    [Fact]
    public async Task A_link_that_the_dialler_breaks_off_ends_the_served_side()
    {
        var ended = new TaskCompletionSource<Exception>();
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(async (connection, token) =>
        {
            try
            {
                await connection.ReadAsync(token);
            }
            catch (Exception error)
            {
                ended.SetResult(error);
                throw;
            }
        }));

        var link = await alice.DialAsync(bob);
        await link.DisposeAsync();

        var error = await ended.Task.WaitAsync(TestNode.Patience);
        Assert.True(error is OperationCanceledException or WireException { Kind: WireFailure.Reset }, error.ToString());
    }

    [Fact]
    public async Task Stopping_waits_for_links_to_end_and_then_cancels_them()
    {
        var cancelled = new TaskCompletionSource();
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(async (connection, token) =>
        {
            await using var registration = token.Register(cancelled.SetResult);
            await TestNode.Echo(connection, token);
        }));
        await using var link = await alice.DialAsync(bob);
        await link.ReadAsync(CancellationToken.None);

        var stopping = bob.Host.StopAsync(TimeSpan.FromSeconds(2));
        await link.WriteAsync(TransientFrames.WritePing(7, reply: false), CancellationToken.None);
        Assert.Equal(7u, (await link.ReadAsync(CancellationToken.None))!.Ping.Number);

        await stopping.WaitAsync(TestNode.Patience);
        await cancelled.Task.WaitAsync(TestNode.Patience);
    }

    [Fact]
    public async Task A_port_in_use_is_a_named_error()
    {
        await using var alice = await new TestNode(1).ListenAsync(TestNode.Echo);
        await using var bob = new TestNode(2);

        var error = await Assert.ThrowsAsync<NodeStartException>(() => bob.ListenAsync(TestNode.Echo, listen: alice.Host.LocalEndPoint));

        Assert.Equal("PORT_IN_USE", error.Reason);
        Assert.Contains(alice.Host.LocalEndPoint.ToString(), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_of_another_machine_is_a_named_error()
    {
        await using var bob = new TestNode(2);

        var error = await Assert.ThrowsAsync<NodeStartException>(
            () => bob.ListenAsync(TestNode.Echo, listen: new IPEndPoint(IPAddress.Parse("192.0.2.1"), 0)));

        Assert.Equal("ADDRESS_MISSING", error.Reason);
    }

    [Theory]
    [InlineData("::1")]
    [InlineData("[::1]")]
    public async Task IPv6_addresses_work_with_and_without_brackets(string host)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(
            TestNode.Challenge(TestNode.Echo), listen: new IPEndPoint(IPAddress.IPv6Loopback, 0));

        await using var link = await alice.Dialer().DialAsync(host, bob.Port, bob.PeerId, CancellationToken.None);

        Assert.Equal($"[::1]:{bob.Port}", link.RemoteAddress);
    }

    [Fact]
    public async Task Names_are_looked_up()
    {
        await using var alice = new TestNode(1);
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Challenge(TestNode.Echo));

        await using var link = await alice.Dialer().DialAsync("localhost", bob.Port, bob.PeerId, CancellationToken.None);

        Assert.Equal($"127.0.0.1:{bob.Port}", link.RemoteAddress);
    }

    /// <summary>A frame whose encoding has exactly this length.</summary>
    private static Frame FrameOfLength(int length)
    {
        var ephemeral = new Ephemeral { Body = ByteString.CopyFrom(new byte[length / 2]) };
        var frame = new Frame { Ephemeral = ephemeral };
        ephemeral.Body = ByteString.CopyFrom(new byte[length / 2 + length - frame.CalculateSize()]);
        ephemeral.Body = ByteString.CopyFrom(new byte[ephemeral.Body.Length + length - frame.CalculateSize()]);
        Assert.Equal(length, frame.CalculateSize());
        return frame;
    }

    private static async Task WriteManyAsync(IFrameConnection connection, int count, CancellationToken cancellationToken)
    {
        var frame = FrameOfLength(100_000);
        for (var index = 0; index < count; index++)
            await connection.WriteAsync(frame, cancellationToken);
    }

    private static async Task ReadManyAsync(IFrameConnection connection, int count, CancellationToken cancellationToken)
    {
        for (var index = 0; index < count; index++)
            Assert.NotNull(await connection.ReadAsync(cancellationToken));
    }
}

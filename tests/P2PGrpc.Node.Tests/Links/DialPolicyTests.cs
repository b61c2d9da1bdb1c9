using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Links;

/// <summary>A4: what strangers do makes a node dial nothing but what its owner named, and that only so often.</summary>
public sealed class DialPolicyTests
{
    [Fact]
    public async Task Strangers_who_knock_make_a_node_dial_ten_times_a_minute_at_most_and_only_peers_known_by_address_alone_A4()
    {
        const int minutes = 3;
        var clock = new SteppedClock();
        await using var strangers = new StoreFixture();
        using var pinned = StoreFixture.MakeKey(2);
        using var known = new DialCounter();
        using var unknown = new DialCounter();
        await using var alice = await RunningNode.StartAsync(
            "alice", clock, AdmissionPolicy.Known, $"known={pinned.PeerId}@{known.Address}", $"unknown={unknown.Address}");
        await WaitForDialsAsync(1);
        Assert.Equal(1, known.Count);

        for (var minute = 0; minute < minutes; minute++)
        {
            var before = unknown.Count;
            var ofItself = known.Count;
            for (var knock = 1; knock <= LinkLimits.KnocksPerMinute; knock++)
            {
                await KnockAsync(alice, strangers, knock);
                await WaitForDialsAsync(before + knock);
            }

            for (var knock = 1; knock <= 2 * LinkLimits.KnocksPerMinute; knock++)
                await KnockAsync(alice, strangers, LinkLimits.KnocksPerMinute + knock);
            Assert.Equal(before + LinkLimits.KnocksPerMinute, unknown.Count);

            // The time has come for what the node dials of itself; what a knock had set off before would have come by then, too.
            clock.Advance(TimeSpan.FromMinutes(1));
            await WaitForDialsAsync(before + LinkLimits.KnocksPerMinute + 1);
            Assert.Equal(before + LinkLimits.KnocksPerMinute + 1, unknown.Count);
            Assert.Equal(ofItself + 1, known.Count);
        }

        // Both loops wait, so that none is at a dial.
        Task WaitForDialsAsync(int count) => RunningNode.WaitUntilAsync(
            () => unknown.Count >= count && clock.Redials.Count == 2, $"alice has dialled {count} times, and waits");
    }

    private static async Task KnockAsync(RunningNode node, StoreFixture store, int number)
    {
        var token = TestContext.Current.CancellationToken;
        using var key = StoreFixture.MakeKey(100 + number);
        using var certificate = NodeCertificate.Create(key);
        var dialer = new PeerDialer(certificate, new WireLimits(), TimeProvider.System, NullLoggerFactory.Instance);
        await using var connection = await dialer.DialAsync("127.0.0.1", node.Port, node.Runtime.Id, token);
        var handshake = new LinkHandshake(new LocalNode(key, certificate.SubjectPublicKeyInfo, 1, "stranger"), store.Store, _ => TestRemotes.DirectOnly, TestRemotes.NoRedemptions(store));
        var refused = await Assert.ThrowsAsync<LinkRefusedException>(() => handshake.DialAsync(connection, token));
        Assert.Equal((GoodbyeReason.NotAdmitted, true), (refused.Reason, refused.ByOther));
    }
}

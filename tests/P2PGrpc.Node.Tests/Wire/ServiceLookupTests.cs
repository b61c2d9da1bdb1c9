using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>Peers that are found by the SRV records of a domain.</summary>
public sealed class ServiceLookupTests
{
    private const string Service = "_p2pgrpc._tcp.example.org";

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_places_of_a_service_come_in_their_order_and_are_bounded()
    {
        using var server = new NameServer((20, 9, 3, "later.example.org"), (10, 1, 2, "second.example.org"), (10, 5, 1, "first.example.org"), (0, 0, 4, "."));
        var places = await new ServiceLookup(server.EndPoint).FindAsync(Service, Token);
        Assert.Equal([("first.example.org", 1), ("second.example.org", 2), ("later.example.org", 3)], places.Select(place => (place.Host, place.Port)));

        using var many = new NameServer([.. Enumerable.Range(1, 20).Select(port => ((ushort)1, (ushort)1, (ushort)port, "h.example"))]);
        Assert.Equal(ServiceLookup.Places, (await new ServiceLookup(many.EndPoint).FindAsync(Service, Token)).Count);
    }

    [Fact]
    public async Task An_answer_is_kept_as_long_as_it_says_and_no_failure_is()
    {
        using var kept = new NameServer((1, 1, 1, "h.example")) { TimeToLive = 60 };
        var lookup = new ServiceLookup(kept.EndPoint);
        await lookup.FindAsync(Service, Token);
        await lookup.FindAsync(Service, Token);
        Assert.Equal(1, kept.Asked);

        using var unknown = new NameServer { Error = 3 };
        var failing = new ServiceLookup(unknown.EndPoint);
        var failed = await Assert.ThrowsAsync<DialException>(() => failing.FindAsync(Service, Token));
        Assert.Equal(DialFailure.Unreachable, failed.Kind);
        Assert.Contains($"srv:{Service}: ", failed.Message, StringComparison.Ordinal);
        var before = unknown.Asked;
        await Assert.ThrowsAsync<DialException>(() => failing.FindAsync(Service, Token));
        Assert.True(unknown.Asked > before);
    }

    [Fact]
    public async Task A_peer_is_reached_at_whichever_place_of_its_service_it_is()
    {
        await using var alice = await RunningNode.StartAsync("alice");
        await using var bob = await RunningNode.StartAsync("bob", AdmissionPolicy.Any);
        await using var store = new StoreFixture();
        using var certificate = NodeCertificate.Create(store.Identity);
        using var server = new NameServer((1, 1, 1, "localhost"), (2, 1, (ushort)alice.Port, "localhost"), (3, 1, (ushort)bob.Port, "localhost"));
        var dialer = new PeerDialer(certificate, new WireLimits(), TimeProvider.System, NullLoggerFactory.Instance) { Services = new ServiceLookup(server.EndPoint) };
        await using (var connection = await dialer.DialAsync(Service, 0, bob.Runtime.Id, Token))
            Assert.Equal(bob.Runtime.Id, connection.Peer);

        // Without an id whoever answers first is it.
        await using (var connection = await dialer.DialAsync(Service, 0, null, Token))
            Assert.Equal(alice.Runtime.Id, connection.Peer);
        using var stranger = StoreFixture.MakeKey(9);
        var nobody = await Assert.ThrowsAsync<DialException>(() => dialer.DialAsync(Service, 0, stranger.PeerId, Token));
        Assert.Equal(DialFailure.IdentityMismatch, nobody.Kind);
    }
}

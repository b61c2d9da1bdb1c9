using System.Net;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Core.Discovery;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Discovery;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Tests.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Discovery;

/// <summary>A4: what is heard on the local network is signed, new and bounded, or it is nothing; and it never says where to dial.</summary>
public sealed class LanHearingTests : IAsyncDisposable
{
    private static readonly IPAddress Source = IPAddress.Parse("192.0.2.7");

    private readonly StoreFixture fixture = new();
    private readonly FakeTimeProvider time = new();
    private readonly PeerBook book;
    private readonly Sightings sightings;
    private readonly LanHearing hearing;
    private readonly IdentityKey bob = StoreFixture.MakeKey(2);
    private int moves;

    public LanHearingTests()
    {
        book = new PeerBook(fixture.Identity.PeerId, new PeerTable(fixture.Store));
        sightings = new Sightings(book, new NodeEvents(time), time);
        sightings.Changed += () => moves++;
        hearing = new LanHearing(fixture.Identity.PeerId, book, sightings, time);
    }

    public async ValueTask DisposeAsync()
    {
        bob.Dispose();
        book.Dispose();
        await fixture.DisposeAsync();
    }

    [Fact]
    public async Task A_known_peer_is_where_it_was_heard_last_and_only_a_move_is_told()
    {
        await book.AddAsync(new PeerSpecification("bob", bob.PeerId, null), TestContext.Current.CancellationToken);
        Hear(bob, 1);
        Hear(bob, 2);
        Assert.Equal(1, moves);
        Assert.Equal("192.0.2.7:5555", Assert.Single(sightings.List()).Address.ToString());
        Hear(bob, 3, source: IPAddress.Parse("192.0.2.8"));
        Assert.Equal(2, moves);
        Assert.Equal("192.0.2.8:5555", Assert.Single(sightings.List()).Address.ToString());
        time.Advance(Sightings.Lifetime);
        Assert.Empty(sightings.List());
        Hear(bob, 4, source: IPAddress.Parse("192.0.2.8"));
        Assert.Equal(3, moves);
    }

    [Fact]
    public void A4_What_is_forged_malformed_or_heard_before_is_dropped_and_counted()
    {
        using var mallory = StoreFixture.MakeKey(3);
        hearing.Hear(new LanAnnouncement(bob.PeerId, 5555, 1, 1).Sign(mallory), Source);
        hearing.Hear([], Source);
        hearing.Hear(new byte[LanAnnouncement.Length], Source);
        hearing.Hear([.. Sign(bob, 1), 0], Source);
        var changed = Sign(bob, 1);
        changed[41] ^= 1;
        hearing.Hear(changed, Source);
        Assert.Empty(sightings.List());
        Assert.Equal(5, hearing.Dropped);

        Hear(bob, 5);
        Hear(bob, 5, source: IPAddress.Parse("192.0.2.9"));
        Hear(bob, 4, source: IPAddress.Parse("192.0.2.9"));
        Assert.Equal(7, hearing.Dropped);
        Assert.Equal("192.0.2.7:5555", Assert.Single(sightings.List()).Address.ToString());

        // Another process of it begins to count anew.
        Hear(bob, 1, instance: 2);
        Assert.Equal(7, hearing.Dropped);
        Hear(fixture.Identity, 1);
        Assert.Equal(bob.PeerId, Assert.Single(sightings.List()).Peer);
    }

    /// <summary>V2: any number of identities take neither memory nor the place of known peers.</summary>
    [Fact]
    public async Task V2_Any_number_of_strangers_is_bounded_and_drowns_no_known_peer()
    {
        await book.AddAsync(new PeerSpecification("bob", bob.PeerId, null), TestContext.Current.CancellationToken);
        for (var seed = 10; seed < 210; seed++)
        {
            using var stranger = StoreFixture.MakeKey(seed);
            Hear(stranger, 1);
            if (seed % 40 == 0)
                time.Advance(TimeSpan.FromSeconds(1));
        }

        // All that may be checked of strangers in this second was.
        using var last = StoreFixture.MakeKey(251);
        for (var count = 0; count < 100; count++)
            hearing.Hear(new LanAnnouncement(last.PeerId, 5555, 1, 1).Sign(bob), Source);
        Hear(last, 1);
        Hear(bob, 1);
        Assert.Equal(1, moves);
        var seen = sightings.List();
        Assert.Equal(65, seen.Count);
        Assert.Contains(seen, sighting => sighting.Peer == bob.PeerId);
        Assert.DoesNotContain(seen, sighting => sighting.Peer == last.PeerId);
    }

    private static byte[] Sign(IdentityKey key, ulong number, ulong instance = 1) => new LanAnnouncement(key.PeerId, 5555, instance, number).Sign(key);

    private void Hear(IdentityKey key, ulong number, ulong instance = 1, IPAddress? source = null) => hearing.Hear(Sign(key, number, instance), source ?? Source);
}

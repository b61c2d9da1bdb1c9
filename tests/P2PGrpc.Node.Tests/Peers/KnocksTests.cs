using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Peers;

public sealed class KnocksTests
{
    private const int Capacity = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    private readonly FakeTimeProvider time = new();
    private readonly Knocks knocks;
    private AnnouncementRate rate;

    public KnocksTests()
    {
        knocks = new Knocks(time);
        rate = new AnnouncementRate(1000, TimeSpan.FromMinutes(1), time);
    }

    [Fact]
    public void A_crowd_from_one_host_pushes_out_nobody_who_knocks_from_another()
    {
        Assert.False(Knock(1, "192.0.2.1:4000"));
        for (var stranger = 2; stranger < 1000; stranger++)
            Knock(stranger, $"192.0.2.2:{stranger}");

        time.Advance(Patience);

        Assert.True(Knock(1, "192.0.2.1:4001"));
        Assert.Equal(Capacity, knocks.List().Count);
    }

    [Fact]
    public void Of_as_many_hosts_as_strangers_the_oldest_gives_way()
    {
        for (var stranger = 1; stranger <= Capacity + 1; stranger++)
            Knock(stranger, $"192.0.2.{stranger}:4000");

        Assert.Equal(Enumerable.Range(2, Capacity).Reverse().Select(MakeId), knocks.List().Select(knock => knock.PeerId));
    }

    [Fact]
    public void Who_could_not_be_told_of_is_told_of_at_its_next_knock()
    {
        rate = new AnnouncementRate(1, TimeSpan.FromMinutes(1), time);
        Knock(1, "192.0.2.1:1");
        Knock(2, "192.0.2.2:1");
        time.Advance(Patience);
        Assert.True(Knock(1, "192.0.2.1:1"));
        Assert.False(Knock(2, "192.0.2.2:1"));

        time.Advance(TimeSpan.FromMinutes(1));

        Assert.False(Knock(1, "192.0.2.1:1"));
        Assert.True(Knock(2, "192.0.2.2:1"));
    }

    private bool Knock(int stranger, string address) => knocks.Add(new Knock(MakeId(stranger), "", address), Patience, rate);

    private static PeerId MakeId(int stranger)
    {
        var seed = new byte[IdentityKey.SeedLength];
        BitConverter.TryWriteBytes(seed, stranger);
        using var key = IdentityKey.FromSeed(seed);
        return key.PeerId;
    }
}

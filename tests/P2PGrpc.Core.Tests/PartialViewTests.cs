using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Overlay;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>When a member of a room takes it for small or large.</summary>
public sealed class PartialViewTests
{
    private const int Members = 20;

    private static readonly PeerId[] Peers = Enumerable.Range(0, Members + 1).Select(number => IdentityKey.FromSeed(Enumerable.Repeat((byte)number, 32).ToArray()).PeerId).ToArray();

    private readonly PartialView view = new(Peers[0], new OverlayLimits(), seed: 1);
    private readonly HashSet<PeerId> dialled = [];
    private TimeSpan now = TimeSpan.FromHours(1);

    public PartialViewTests()
    {
        foreach (var peer in Peers.Skip(1))
        {
            Handle(new OverlayInput.Known(peer, HasRecord: true));
            Handle(new OverlayInput.LinkUp(peer));
        }

        Say(members: Members, of: Members);
    }

    [Theory]
    [InlineData(1, 1_000_000)]
    [InlineData(10, 1_000_000)]
    [InlineData(10, 0)]
    public void What_no_more_than_half_of_the_neighbours_say_changes_nothing(int liars, int members)
    {
        Say(members, liars);
        Assert.Equal(0, Pass(TimeSpan.FromMinutes(10)));
        Assert.True(view.IsFullMesh);
    }

    [Fact]
    public void Links_are_let_go_only_once_the_room_has_looked_large_for_a_minute()
    {
        Say(members: 100, of: Members);
        Assert.Equal(0, Pass(TimeSpan.FromSeconds(59)));
        Say(members: Members, of: Members);
        Assert.Equal(0, Pass(TimeSpan.FromSeconds(1)));
        Say(members: 100, of: Members);
        Assert.Equal(0, Pass(TimeSpan.FromSeconds(59)));
        Assert.InRange(Pass(TimeSpan.FromSeconds(30)), 1, 30);
    }

    [Fact]
    public void All_are_dialled_only_once_the_room_has_looked_small_for_a_minute()
    {
        Say(members: 100, of: Members);
        Pass(TimeSpan.FromMinutes(2));
        foreach (var peer in Peers.Skip(1).Take(10))
            Handle(new OverlayInput.LinkDown(peer));
        dialled.Clear();
        Say(members: Members, of: Members);
        Pass(TimeSpan.FromSeconds(59));
        Assert.Empty(dialled);
        Pass(TimeSpan.FromSeconds(2));
        Assert.Superset(Peers.Skip(1).Take(10).ToHashSet(), dialled);
    }

    private void Say(int members, int of)
    {
        foreach (var peer in Peers.Skip(1).Take(of))
            Handle(new OverlayInput.Heard(peer, Members, members));
    }

    private int Pass(TimeSpan time)
    {
        var drops = 0;
        for (var end = now + time; now < end;)
        {
            now += TimeSpan.FromSeconds(1);
            drops += Handle(new OverlayInput.Tick()).OfType<OverlayOutput.Drop>().Count();
        }

        return drops;
    }

    private List<OverlayOutput> Handle(OverlayInput input)
    {
        var outputs = new List<OverlayOutput>();
        view.Handle(now, input, outputs);
        dialled.UnionWith(outputs.OfType<OverlayOutput.Dial>().Select(dial => dial.Peer));
        return outputs;
    }
}

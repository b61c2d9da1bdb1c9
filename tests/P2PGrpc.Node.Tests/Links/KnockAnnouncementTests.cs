using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Links;
using Xunit;

namespace P2PGrpc.Node.Tests.Links;

public sealed class KnockAnnouncementTests
{
    [Fact]
    public void V2_Strangers_with_many_identities_are_announced_ten_times_a_minute_at_most()
    {
        var time = new FakeTimeProvider();
        var announcements = new KnockAnnouncements(time);
        Assert.Equal(10, Enumerable.Range(0, 1000).Count(_ => announcements.TryTake()));
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(announcements.TryTake());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(announcements.TryTake());
    }
}

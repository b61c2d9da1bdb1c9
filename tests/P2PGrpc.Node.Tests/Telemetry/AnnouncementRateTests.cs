using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Telemetry;

public sealed class AnnouncementRateTests
{
    [Fact]
    public void V2_What_others_cause_at_will_is_announced_so_often_at_most()
    {
        var time = new FakeTimeProvider();
        var announcements = new AnnouncementRate(10, TimeSpan.FromMinutes(1), time);
        Assert.Equal(10, Enumerable.Range(0, 1000).Count(_ => announcements.TryTake()));
        time.Advance(TimeSpan.FromSeconds(59));
        Assert.False(announcements.TryTake());
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.True(announcements.TryTake());
    }
}

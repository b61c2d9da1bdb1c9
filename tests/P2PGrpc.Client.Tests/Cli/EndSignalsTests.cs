using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Cli;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class EndSignalsTests
{
    [Fact]
    public void One_wish_may_come_several_times_and_who_asks_again_later_is_impatient()
    {
        var time = new FakeTimeProvider();
        var signals = new EndSignals(time);
        Assert.Equal(EndSignal.First, signals.Take());
        Assert.Equal(EndSignal.Repeated, signals.Take());
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(EndSignal.Repeated, signals.Take());
        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(EndSignal.Impatient, signals.Take());
    }
}

using CsCheck;
using P2PGrpc.Core.Logs;
using Xunit;

namespace P2PGrpc.Core.Tests;

public sealed class HybridClockTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddYears(55);

    [Fact]
    public void Stamps_only_rise_whatever_the_local_clock_and_the_peers_do() =>
        Gen.Select(Gen.Int[-100_000, 100_000], Gen.Bool, Gen.ULong).Array[1, 50].Sample(steps =>
        {
            var clock = new HybridClock();
            ulong last = 0;
            foreach (var (offset, observe, stamp) in steps)
            {
                if (observe)
                    clock.Observe(stamp, Start.AddMilliseconds(offset));
                var next = clock.Next(Start.AddMilliseconds(offset));
                Assert.True(next > last);
                last = next;
            }
        });

    /// <summary>V3: a peer's wrong clock drags nobody along.</summary>
    [Fact]
    public void A_stamp_far_ahead_is_never_adopted() => Gen.ULong.Sample(stamp =>
    {
        var clock = new HybridClock();
        clock.Observe(stamp, Start);
        Assert.True(HybridClock.ToTime(clock.Next(Start)) <= Start + HybridClock.MaximumAhead + TimeSpan.FromMilliseconds(1));
    });

    [Fact]
    public void An_answer_sorts_after_what_it_answers()
    {
        var ahead = new HybridClock();
        var stamp = ahead.Next(Start.AddMinutes(4));
        var clock = new HybridClock();
        clock.Observe(stamp, Start);
        Assert.True(clock.Next(Start) > stamp);
    }

    [Fact]
    public void Every_stamp_has_a_time() => Gen.ULong.Sample(stamp => Assert.True(HybridClock.ToTime(stamp) >= DateTimeOffset.UnixEpoch));

    [Fact]
    public void Stamps_taken_together_are_not_given_out_again()
    {
        var clock = new HybridClock();
        var first = clock.Next(Start, 1000);
        Assert.Equal(first + 1000, clock.Next(Start));
    }
}

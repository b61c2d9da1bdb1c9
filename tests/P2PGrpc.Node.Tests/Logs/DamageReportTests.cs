using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

public sealed class DamageReportTests
{
    private readonly FakeTimeProvider time = new();
    private readonly DamageReport report;
    private readonly List<ulong> noticed = [];

    public DamageReportTests()
    {
        report = new DamageReport(NullLogger.Instance, time);
        report.Noticed += (position, _) => noticed.Add(position);
    }

    [Fact]
    public void A_dying_disk_fills_neither_memory_nor_the_owners_screen()
    {
        for (ulong position = 1; position <= 10_000; position++)
            report.Report(position);
        Assert.Equal(DamageReport.RememberedPlaces, report.Count);
        Assert.Equal([1UL], noticed);
        time.Advance(TimeSpan.FromSeconds(10));
        report.Report(7);
        Assert.Equal([1UL, 7UL], noticed);
    }

    [Fact]
    public void A_place_counts_once_until_it_is_repaired()
    {
        report.Report(5);
        report.Report(5);
        report.Report(9);
        Assert.Equal(2, report.Count);
        var repair = report.NextRepair;
        report.OnRepaired(5);
        Assert.True(repair.IsCompletedSuccessfully);
        Assert.False(report.NextRepair.IsCompleted);
        Assert.Equal(1, report.Count);
    }

    [Fact]
    public void Damage_without_a_position_is_told_and_counts_as_one_place()
    {
        report.Report(0);
        report.Report(0);
        report.OnReadable(1, ulong.MaxValue);
        Assert.Equal([0UL], noticed);
        Assert.Equal(1, report.Count);
    }

    [Fact]
    public void What_can_be_read_again_no_longer_counts()
    {
        report.Report(5);
        report.Report(9);
        report.OnReadable(1, 8);
        Assert.Equal(1, report.Count);
    }
}

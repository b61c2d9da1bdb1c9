using System.Diagnostics.Metrics;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Tests.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>How long deliveries take, where some never come about.</summary>
public sealed class DeliveryTimesTests
{
    [Fact]
    public async Task Those_who_never_fetch_keep_nobody_else_s_from_being_measured()
    {
        await using var fixture = new StoreFixture();
        using var meter = new Meter("delivery-times");
        using var listener = new MeterListener();
        var measured = new List<double>();
        listener.InstrumentPublished = (instrument, watching) =>
        {
            if (instrument.Meter == meter)
                watching.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<double>((_, value, _, _) => measured.Add(value));
        listener.Start();
        using var rooms = new RoomBook(fixture.Identity.PeerId, new RoomTable(fixture.Store, fixture.Identity.PeerId));
        var replication = new ReplicationEvents();
        _ = new DeliveryTimes(
            fixture.Store, replication, fixture.Identity.PeerId, new ConversationKinds(fixture.Identity.PeerId, rooms), meter.CreateHistogram<double>("duration"), fixture.Time, most: 4);

        for (var number = 0; number < 6; number++)
            await AppendAsync(2);
        var (log, head) = await AppendAsync(3);
        await AppendAsync(2);
        fixture.Time.Advance(TimeSpan.FromSeconds(5));
        replication.RaiseAcknowledged(StoreFixture.MakeKey(3).PeerId, log, log.ToLogId(), head);
        Assert.Equal([5.0], measured);

        // Of the ones for whoever was away, those that are remembered are measured, too: the rest went as the oldest.
        var (away, last) = await AppendAsync(2);
        replication.RaiseAcknowledged(StoreFixture.MakeKey(2).PeerId, away, away.ToLogId(), last);
        Assert.Equal([5.0, 5.0, 5.0, 5.0, 0.0], measured.OrderDescending());
        replication.RaiseAcknowledged(StoreFixture.MakeKey(2).PeerId, away, away.ToLogId(), last);
        Assert.Equal(5, measured.Count);

        async Task<(LogKey Log, Head Head)> AppendAsync(int peer)
        {
            var conversation = ConversationId.Direct(fixture.Identity.PeerId, StoreFixture.MakeKey(peer).PeerId);
            await fixture.Store.AppendAsync(conversation, [StoreFixture.MakeDraft("x")], StoreFixture.Deadline);
            await fixture.SettleAsync();
            var header = fixture.Store.ReadFeed(fixture.Store.LastPosition - 1, 1, long.MaxValue).Segments[0].Header;
            return (header.Log, header.Head);
        }
    }
}

using Grpc.Core;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>Has the node take no new messages, and waits until it has handed over those that it has and those that it was just taking. Thread-safe.</summary>
/// <param name="gate">What refuses new messages.</param>
/// <param name="store">Knows what is not delivered.</param>
/// <param name="book">Knows the peers.</param>
/// <param name="rooms">Know the rooms.</param>
/// <param name="links">Know who is linked.</param>
/// <param name="stop">Ends the program; null where it does not allow that.</param>
/// <param name="time">The clock.</param>
/// <param name="log">For what the owner has wanted.</param>
internal sealed class Draining(DrainGate gate, LogStore store, PeerBook book, RoomBook rooms, LinkTable links, Action? stop, TimeProvider time, ILogger log)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    /// <summary>How often it is looked. Counting what is undelivered takes microseconds.</summary>
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    /// <exception cref="NodeRequestException">INVALID_ARGUMENT, or FAILED_PRECONDITION where the program can't be stopped so.</exception>
    public async Task<DrainResponse> DrainAsync(DrainRequest request, CancellationToken cancellationToken)
    {
        if (request.WaitMs > LongestWait.TotalMilliseconds)
            throw NodeRequestException.Invalid("wait_ms", $"wait_ms is at most {LongestWait.TotalMilliseconds:0}: 10 minutes.");
        if (request.Off && (request.WaitMs > 0 || request.Stop))
            throw NodeRequestException.Invalid("off", "off takes messages again, so there is nothing to wait for, and nothing to stop.");
        if (request.Stop && stop is null)
            throw new NodeRequestException(
                StatusCode.FailedPrecondition, "STOP_NOT_HERE", "This node is part of another program, which decides when it stops. Drain it without 'stop', and stop that program.");
        if (gate.IsClosed == request.Off)
            Log(request.Off);
        gate.IsClosed = !request.Off;
        if (!request.Off)
            await WaitAsync(TimeSpan.FromMilliseconds(request.WaitMs), cancellationToken).ConfigureAwait(false);
        var response = Describe();
        response.Stopping = request.Stop;
        if (request.Stop)
            stop!();
        return response;
    }

    private void Log(bool isOver)
    {
        if (isOver)
            ApiLog.DrainedNoMore(log);
        else
            ApiLog.Drained(log, store.CountUndelivered());
    }

    private async Task WaitAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var startedAt = time.GetTimestamp();
        using var timer = new PeriodicTimer(Look, time);
        while ((gate.UnderWay > 0 || store.CountUndelivered() > 0) && time.GetElapsedTime(startedAt) < limit)
            await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false);
    }

    private DrainResponse Describe()
    {
        // In this order: whoever leaves meanwhile is counted by what it has stored.
        var underWay = gate.IsClosed ? gate.UnderWay : 0;
        var response = new DrainResponse { Draining = gate.IsClosed, UnderWay = (uint)underWay, Undelivered = store.CountUndelivered() };
        foreach (var record in book.Snapshot.Records.Values.OrderBy(record => record.Label, StringComparer.Ordinal))
            if (record.PeerId is { } peer && store.CountUndelivered(peer) is > 0 and var count)
                response.Peers.Add(new DrainPeer { PeerId = peer.ToString(), Alias = record.Alias ?? "", Undelivered = count, Linked = links.Find(peer) is not null });
        foreach (var left in store.ReadUndelivered().Logs.Values.Where(log => log.IsExpected).GroupBy(log => log.Conversation))
            if (rooms.Snapshot.Find(left.Key) is { } room)
                response.Rooms.Add(new DrainRoom { Conversation = left.Key.ToString(), Room = room.Label, Undelivered = left.Aggregate(0ul, (sum, log) => sum + log.Count) });
        return response;
    }
}

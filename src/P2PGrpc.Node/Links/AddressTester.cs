using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Links;

/// <summary>Finds out whether members listen where their records say: dials them once, as far as TLS shows who answers, and hangs up. A few at a time, and so many a
/// minute, for whoever is in a room could have its members dial anybody. Thread-safe.</summary>
internal sealed class AddressTester(MemberBook members, PeerDialer transport, DialPolicy policy, TimeProvider time) : IAsyncDisposable
{
    private readonly long startedAt = time.GetTimestamp();
    private readonly AnnouncementRate rate = new(LinkLimits.AddressTestsPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly List<Task> running = [];

    /// <summary>Begins the tests that are due, as far as there is room for them. Never blocks.</summary>
    public void Continue()
    {
        lock (gate)
        {
            running.RemoveAll(test => test.IsCompleted);
            while (running.Count < LinkLimits.AddressTests && !stopping.IsCancellationRequested && members.TakeUntested(time.GetElapsedTime(startedAt), rate.TryTake) is { } record)
                running.Add(Task.Run(() => TestAsync(record)));
        }
    }

    private async Task TestAsync(AddressRecord record)
    {
        try
        {
            var error = "";
            var isFirst = true;
            foreach (var address in OfRecord(record))
            {
                if (!isFirst && !rate.TryTake())
                    return;
                isFirst = false;
                error = await TryAsync(record, address).ConfigureAwait(false);
                if (error.Length == 0)
                {
                    await members.AdoptAsync(record, stopping.Token).ConfigureAwait(false);
                    return;
                }
            }

            members.NoteFailure(record, error.Length > 0 ? error : "Its record holds no address.");
        }
        catch (Exception failed) when (failed is OperationCanceledException or StoreException)
        {
            // The node stops, or its disk takes nothing: it is tested again later.
        }
    }

    /// <summary>Where a member is dialled by its record: at the first address only, or one test would be leave to dial all the others.</summary>
    public static IReadOnlyList<PeerAddress> OfRecord(AddressRecord record) => [.. PeerAddress.ParseNamedByOthers(record.Addresses).Take(1)];

    /// <summary>Nothing if the member answers there, else what went wrong.</summary>
    private async Task<string> TryAsync(AddressRecord record, PeerAddress address)
    {
        try
        {
            var connection = await transport.DialAsync(address.Host, address.Port, record.Peer, policy, stopping.Token).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
            return "";
        }
        catch (DialException failed)
        {
            // One that hangs up on this node has shown who it is all the same.
            return failed.Found == record.Peer ? "" : failed.Message;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        Task[] last;
        lock (gate)
            last = [.. running];
        await Task.WhenAll(last).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stopping.Dispose();
    }
}

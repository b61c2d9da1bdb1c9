using System.Diagnostics.Metrics;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Web;

namespace P2PGrpc.Node.Hosting;

/// <summary>Connects a node's metrics with its parts. Thread-safe.</summary>
internal sealed class NodeTelemetry : IDisposable
{
    private const string StateLabel = "p2pgrpc.link.state";
    private const string FileLabel = "p2pgrpc.file";

    private readonly NodeInstruments instruments;
    private readonly LogStore store;
    private readonly MessageTraffic traffic;
    private readonly ReasonCounts segmentsRefused = ReasonCounts.Of<StoreFailure>();

    /// <summary>To be made before replication, and completed by <see cref="Observe"/>.</summary>
    public NodeTelemetry(IMeterFactory? meters, LogStore store, RoomBook rooms, ReplicationEvents replication, PeerId self, TimeProvider time)
    {
        this.store = store;
        instruments = new NodeInstruments(meters, NodeDescription.Version);
        var kinds = new ConversationKinds(self, rooms);
        traffic = new MessageTraffic(store, kinds, instruments.SegmentSize);
        _ = new DeliveryTimes(store, replication, self, kinds, instruments.DeliveryDuration, time);
        Calls = new CallMeter(instruments.CallDuration, time);
        Requests = new RequestMeter(instruments.RequestDuration, time);
        store.Times = new CommitTimes(instruments.CommitDuration, instruments.FlushDuration);
        store.SegmentRefused += (_, _, failure) => segmentsRefused.Add(failure);
    }

    /// <summary>Measures the calls of clients.</summary>
    public CallMeter Calls { get; }

    /// <summary>Measures the requests to the web endpoint.</summary>
    public RequestMeter Requests { get; }

    /// <summary>Begins to show what the node's parts count.</summary>
    public void Observe(NodeRuntime node, DataDirectory directory)
    {
        ObserveMessages(node);
        ObserveLinks(node);
        ObserveStore(node, directory);
    }

    /// <summary>Shows nothing any more. Before the parts end.</summary>
    public void Dispose() => instruments.Dispose();

    private void ObserveMessages(NodeRuntime node)
    {
        instruments.Count("p2pgrpc.messages.sent", "{message}", "Messages of this node's own that were stored.", traffic.ReadSent);
        instruments.Count("p2pgrpc.messages.received", "{message}", "Messages of others that were stored.", traffic.ReadReceived);
        instruments.Count("p2pgrpc.messages.refused", "{message}", "Messages that were handed over and not accepted.", node.Sender.Refused.Read);
        instruments.Count("p2pgrpc.messages.dropped", "{message}", "Ephemeral messages that did not arrive.", () =>
        [
            Reason(node.Links.EphemeralDropped - node.Links.EphemeralNotShared, "link_slow"),
            Reason(node.Links.EphemeralNotShared, "not_shared"),
            Reason(node.Inbox.Dropped, "reader_slow"),
        ]);
        instruments.Gauge<long>("p2pgrpc.messages.undelivered", "{message}", "Own messages that nobody else has acknowledged.", () => [new((long)store.CountUndelivered())]);
        instruments.Gauge<double>("p2pgrpc.messages.undelivered.age", "s", "The age of the oldest of them, 0 if there is none.", () => ReadAge(node.Oldest));
        instruments.Gauge<long>("p2pgrpc.subscriptions", "{subscription}", "Subscriptions that run.", () => [new(node.Subscriptions.Active)]);
        instruments.Count("p2pgrpc.calls.refused", "{call}", "Calls of clients that were refused.", Calls.Refused.Read);
    }

    private void ObserveLinks(NodeRuntime node)
    {
        instruments.Gauge("p2pgrpc.links", "{link}", "Links that are up, and known peers without one.", () => ReadLinks(node));
        instruments.Count("p2pgrpc.links.ended", "{link}", "Links that have ended.", node.Links.Ended.Read);
        instruments.Count("p2pgrpc.links.refused", "{link}", "Nodes that dialled and were not let in.", node.Server.Refused.Read);
        instruments.Count("p2pgrpc.dials.failed", "{dial}", "Dials that brought no link.", node.Dialling.Failed.Read);
        instruments.Count("p2pgrpc.quota.reached", "{event}", "How often a quota kept away what others wrote.", node.Replication.QuotasReached.Read);
        instruments.Gauge<int>("p2pgrpc.replication.running", null, "1; 0 after an internal error has stopped replication.", () => [new(node.Replication.IsStopped ? 0 : 1)]);
    }

    private void ObserveStore(NodeRuntime node, DataDirectory directory)
    {
        instruments.Count("p2pgrpc.segments.refused", "{segment}", "Segments of others that could not be stored; they are asked for again.", segmentsRefused.Read);
        instruments.Gauge<int>("p2pgrpc.store.writable", null, "1; 0 while the store does not write, or the disk is full.", () => [new(store.Health is { Writable: true, Error: null } ? 1 : 0)]);
        instruments.Gauge<int>("p2pgrpc.store.damaged", "{place}", "Places of the database that can't be read.", () => [new(store.DamagedPlaces)]);
        instruments.Gauge<long>("p2pgrpc.log.size", "By", "The files of the data directory that grow.", () =>
        [
            File(directory.DatabasePath, "database"),
            File(directory.DatabasePath + DataFiles.WriteAheadLog, "write_ahead_log"),
            File(directory.HistoryPath, "history"),
        ]);
        var place = Path.GetDirectoryName(directory.DatabasePath)!;
        instruments.Gauge<long>("p2pgrpc.disk.free", "By", "What the disk of the data directory has left for this user.", () => DiskRoom.Find(place) is { } free ? [new(free)] : []);
    }

    private static IEnumerable<Measurement<double>> ReadAge(OldestUndelivered oldest)
    {
        try
        {
            return [new(oldest.FindAge()?.TotalSeconds ?? 0)];
        }
        catch (Exception unreadable) when (unreadable is StoreException or ObjectDisposedException)
        {
            return [];
        }
    }

    private static IEnumerable<Measurement<long>> ReadLinks(NodeRuntime node)
    {
        var standing = PeerStanding.Count(node.Book, node.Links, node.Diallers);
        return [State(node.Links.Count, "up"), State(standing.Dialling, "dialling"), State(standing.Down, "down")];
    }

    private static Measurement<long> Reason(long value, string reason) => new(value, new KeyValuePair<string, object?>(ReasonCounts.Label, reason));

    private static Measurement<long> State(long value, string state) => new(value, new KeyValuePair<string, object?>(StateLabel, state));

    private static Measurement<long> File(string path, string name) =>
        new(new FileInfo(path) is { Exists: true } file ? file.Length : 0, new KeyValuePair<string, object?>(FileLabel, name));
}

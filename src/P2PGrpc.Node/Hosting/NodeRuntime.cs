using System.Buffers.Binary;
using System.Diagnostics.Metrics;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Node.Discovery;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.History;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Invites;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Retention = P2PGrpc.Node.Logs.Retention;

namespace P2PGrpc.Node.Hosting;

/// <summary>One running node: makes all its parts, starts them from the disk outwards, and stops them from the outside inwards.</summary>
internal sealed class NodeRuntime : IAsyncDisposable
{
    /// <summary>What calls at work and links get to end in order. All of a stop takes less than 5 seconds.</summary>
    private static readonly TimeSpan CallsTime = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LinksTime = TimeSpan.FromSeconds(1);

    private readonly DataDirectory directory;
    private readonly IdentityKey identity;
    private readonly NodeCertificate certificate;
    private readonly ApiLifetime lifetime = new();
    private readonly ITimer reserve;
    private readonly LocalNode local;
    private readonly PeerDialer transport;
    private readonly NodeTelemetry telemetry;
    private readonly QuotaNotice quotas;
    private RoomOverlay? overlay;
    private LanDiscovery? lan;
    private PeerHost? peerHost;
    private ClientHost? clientHost;
    private HealthHost? healthHost;
    private WebHost? webHost;

    private NodeRuntime(
        NodeSettings settings, DataDirectory directory, IdentityKey identity, NodeCertificate certificate, LogStore store, PeerBook book, RoomBook rooms,
        MemberBook members, TimeProvider time, ILoggerFactory loggers, IMeterFactory? meters)
    {
        this.directory = directory;
        this.identity = identity;
        this.certificate = certificate;
        Store = store;
        Book = book;
        Rooms = rooms;
        Members = members;
        Events = new NodeEvents(time);
        Knocks = new Knocks(time);
        var instance = BinaryPrimitives.ReadUInt64BigEndian(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        local = new LocalNode(identity, certificate.SubjectPublicKeyInfo, instance, settings.Name);
        var replicationEvents = new ReplicationEvents();
        Oldest = new OldestUndelivered(store, time);
        telemetry = new NodeTelemetry(meters, Store, Rooms, replicationEvents, local.PeerId, time);
        Replication = new ReplicationLoop(
            local.PeerId, Store, settings.Replication, replicationEvents, time, loggers.CreateLogger<ReplicationLoop>());
        _ = new OwnerInterest(Book, Rooms, Store, Replication.Follow);
        Index = new HistoryIndexer(Store, directory.HistoryPath, local.PeerId, time, loggers.CreateLogger<HistoryIndexer>());
        Links = new LinkTable(
            local, Book, Rooms, Replication, new RecallAnswers(Store, Index).ReadAsync, Events, time, loggers.CreateLogger<LinkTable>());
        _ = new KnownAudience(local.PeerId, Book, Rooms, Members, Store, Links);
        var inviteLog = loggers.CreateLogger<InviteBook>();
        Invites = new InviteBook(Book, new InviteTable(Store), time, inviteLog);
        Redemptions = new Redemptions(Book, Store, inviteLog);
        var handshake = new LinkHandshake(local, Store, peer => OwnShares.With(peer, Book.Snapshot, Rooms.Snapshot), Redemptions);
        Server = new LinkServer(handshake, Links, Book, Invites, Knocks, settings.Accept, Events, time, loggers.CreateLogger<LinkServer>());
        transport = new PeerDialer(certificate, new WireLimits(), time, loggers) { Open = settings.Transport.Open };
        Dialling = new DialContext(local, transport, settings.DialPolicy, handshake, Links, Book, Events, time, loggers.CreateLogger<Diallers>());
        Sightings = new Sightings(Book, Events, time);
        Diallers = new Diallers(Book, Rooms, Sightings, Links, Server, target => new Dialler(target, Dialling));
        var recipients = new Recipients(local.PeerId, Book, Rooms, Dialling, time);
        Receipts = new Receipts(Store, recipients, replicationEvents, Events, time);
        Inbox = new EphemeralInbox();
        Links.EphemeralReceived += Inbox.Receive;
        Sender = new Sender(Store, recipients, Receipts, Links, Inbox, Gate, time);
        Recipients = recipients;
        Consumers = new Consumers(Store);
        Subscriptions = new Subscriptions(Store, recipients, Consumers, Inbox, () => Links.Count > 0, time);
        History = new ConversationHistory(Store, Index, recipients, Rooms, Replication, new Glimpses(Replication, Links, time));
        Listing = new PeerListing(Book, Knocks, Sightings, Links, Diallers, Store);
        Administration = new PeerAdministration(local.PeerId, Book, Knocks, Diallers, Listing);
        Vitals = new NodeVitals(Store, Replication, lifetime, time);
        quotas = new QuotaNotice(Rooms, settings.Replication);
        OwnerNotices.Connect(Events, Store, replicationEvents, Links, quotas, time);
        Retention = new Retention(
            Store, new RetentionLimits(settings.KeepDays, settings.KeepBytes), directory.Reserve.TryRelease, time, loggers.CreateLogger<Retention>());
        telemetry.Observe(this, directory);
        reserve = time.CreateTimer(_ => directory.Reserve.Keep(), null, TimeSpan.Zero, ReserveFile.Interval);
    }

    public PeerId Id => identity.PeerId;

    public string Address { get; private set; } = "";

    public string? ApiAddress => clientHost?.Address;

    public string? WebAddress => webHost?.Address;

    public NodeVitals Vitals { get; }

    /// <summary>The URL of the health port; null if there is none.</summary>
    public string? HealthAddress => healthHost?.Address;

    public LogStore Store { get; }

    public OldestUndelivered Oldest { get; }

    public Retention Retention { get; }

    public DrainGate Gate { get; } = new();

    public NodeEvents Events { get; }

    public PeerBook Book { get; }

    public RoomBook Rooms { get; }

    public MemberBook Members { get; }

    public Knocks Knocks { get; }

    public Sightings Sightings { get; }

    public InviteBook Invites { get; }

    public Redemptions Redemptions { get; }

    public ReplicationLoop Replication { get; }

    public LinkTable Links { get; }

    public LinkServer Server { get; }

    public DialContext Dialling { get; }

    public Diallers Diallers { get; }

    public Receipts Receipts { get; }

    public EphemeralInbox Inbox { get; }

    public Recipients Recipients { get; }

    public Sender Sender { get; }

    public Consumers Consumers { get; }

    public Subscriptions Subscriptions { get; }

    public HistoryIndexer Index { get; }

    public ConversationHistory History { get; }

    public PeerListing Listing { get; }

    public PeerAdministration Administration { get; }

    public InviteAdministration InviteAdministration { get; private set; } = null!;

    public RoomAdministration RoomAdministration { get; private set; } = null!;

    public UpkeepAdministration Upkeep { get; private set; } = null!;

    public SettingsReload Reload { get; private set; } = null!;

    /// <summary>Starts a node; when this returns, it serves and dials.</summary>
    /// <exception cref="NodeStartException">It can't; everything is undone.</exception>
    public static Task<NodeRuntime> StartAsync(NodeSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        StartAsync(settings, time, loggers, null, cancellationToken);

    /// <summary>The same with the factory that makes its meter; null for a meter of its own.</summary>
    public static async Task<NodeRuntime> StartAsync(
        NodeSettings settings, TimeProvider time, ILoggerFactory loggers, IMeterFactory? meters, CancellationToken cancellationToken)
    {
        var runtime = await OpenAsync(settings, time, loggers, meters).ConfigureAwait(false);
        try
        {
            await runtime.ServeAsync(settings, time, loggers, cancellationToken).ConfigureAwait(false);
            return runtime;
        }
        catch
        {
            await runtime.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Opens what lies on disk, and closes it again if any of it can't be had.</summary>
    private static async Task<NodeRuntime> OpenAsync(NodeSettings settings, TimeProvider time, ILoggerFactory loggers, IMeterFactory? meters)
    {
        DataDirectoryCheck.Examine(settings.DataDirectory);
        var directory = DataDirectory.Open(settings.DataDirectory);
        IdentityKey? identity = null;
        LogStore? store = null;
        try
        {
            var databaseIsMissing = directory.FindKeyWithoutDatabase();
            identity = IdentityFile.LoadOrCreate(directory.IdentityPath);
            DatabaseOwner.Check(directory.DatabasePath, directory.IdentityPath, identity.PeerId);
            store = OpenStore(directory, identity, time, loggers.CreateLogger<LogStore>());
            var book = new PeerBook(identity.PeerId, new PeerTable(store));
            var rooms = new RoomBook(identity.PeerId, new RoomTable(store, identity.PeerId));
            var members = new MemberBook(new MemberTable(store), new Random(RandomNumberGenerator.GetInt32(int.MaxValue)));
            var runtime = new NodeRuntime(settings, directory, identity, NodeCertificate.Create(identity), store, book, rooms, members, time, loggers, meters);
            if (databaseIsMissing)
                OwnerNotices.TellOfMissingDatabase(runtime.Events, directory.DatabasePath, loggers.CreateLogger<LogStore>());
            return runtime;
        }
        catch
        {
            if (store is not null)
                await store.DisposeAsync().ConfigureAwait(false);
            identity?.Dispose();
            directory.Dispose();
            throw;
        }
    }

    private static LogStore OpenStore(DataDirectory directory, IdentityKey identity, TimeProvider time, ILogger<LogStore> log)
    {
        var options = new LogStoreOptions { DatabasePath = directory.DatabasePath };
        try
        {
            return LogStore.Open(options, identity, time, log);
        }
        catch (NodeStartException full) when (full.Reason == LogStore.NoRoom && directory.Reserve.TryRelease())
        {
            return LogStore.Open(options, identity, time, log);
        }
    }

    private async Task ServeAsync(NodeSettings settings, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        foreach (var peer in settings.Peers)
            try
            {
                await Book.ConfigureAsync(peer, cancellationToken).ConfigureAwait(false);
            }
            catch (PeerBookException refused)
            {
                throw new NodeStartException("OPTIONS_INVALID", refused.Message, refused);
            }

        await Book.ForgetFormerAsync(settings.Peers, cancellationToken).ConfigureAwait(false);
        Replication.Start();
        Index.Start();
        peerHost = await PeerHost.StartAsync(
            new PeerHostOptions(settings.Listen, settings.Transport.Listeners), certificate, Server.ServeAsync, new WireLimits(), loggers, time, cancellationToken).ConfigureAwait(false);
        var address = Advertised(settings);
        var advertised = address.ToString();
        Address = $"{Id}@{advertised}";
        RoomAdministration = new RoomAdministration(Rooms, Book, Members, Store, Links, Recipients, Diallers, advertised);
        InviteAdministration = new InviteAdministration(Id, settings.Name, advertised, settings.DialPolicy, Invites, Redemptions, Links, Listing);
        StartUpkeep(settings, address, time, loggers);
        var description = new NodeDescription(Id, settings.Name, Address, time);
        var token = (settings.Api is not null && !settings.ApiOpen) || settings.Web is not null ? TokenFile.LoadOrCreate(directory.TokenPath) : null;
        var services = new ApiServices(
            new PeerApiService(Sender, Consumers),
            new MessageStreamService(Sender, Recipients, Subscriptions, lifetime),
            new NodeApiService(description, Store, Links, Administration, InviteAdministration, Upkeep, Inbox, Events, lifetime),
            new ConversationApiService(RoomAdministration, History, new RetentionAdministration(Retention, Recipients)))
        {
            Calls = telemetry.Calls,
        };
        clientHost = await ClientHost.StartAsync(
            settings, directory.SocketPath, settings.ApiOpen ? null : token, services,
            () => Store.Health.Writable && !Replication.IsStopped && !lifetime.IsStopping && !Gate.IsClosed, loggers, time, cancellationToken).ConfigureAwait(false);
        webHost = await WebHost.StartAsync(settings, token, services, telemetry.Requests, loggers, time, cancellationToken).ConfigureAwait(false);
        PublishAddress(clientHost.Address, loggers.CreateLogger<ClientHost>());
        Diallers.Start();
        Retention.Start();
        if (settings.Discover is { } group)
            lan = new LanDiscovery(
                group, peerHost.LocalEndPoint, identity, local.Instance, new LanHearing(Id, Book, Sightings, time), time, loggers.CreateLogger<LanDiscovery>());
        StartOverlay(settings, address, time, loggers);
        // Last of all: whoever is told that the node is healthy may call it.
        if (settings.Health is { } health)
            healthHost = await HealthHost.StartAsync(health, Vitals, Gate, loggers, time, cancellationToken).ConfigureAwait(false);
    }

    private void StartUpkeep(NodeSettings settings, PeerAddress address, TimeProvider time, ILoggerFactory loggers)
    {
        Reload = new SettingsReload(settings, Book, Server, Replication, quotas, Retention);
        var places = new NodePlaces(
            peerHost!.LocalEndPoint, address, settings.DataDirectory,
            () => [("api", ApiAddress), ("web", WebAddress), ("health", HealthAddress), .. settings.ProgramEndpoints.Select(endpoint => (endpoint.Key, endpoint.Value))]);
        Upkeep = new UpkeepAdministration(
            new BackupAdministration(new BackupWriter(directory.DatabasePath, directory.IdentityPath, Id, NodeDescription.Version, time)),
            new MessageExplanation(Store, Recipients, Book, Links, Diallers, Replication, RoomAdministration, time),
            new Draining(Gate, Store, Book, Rooms, Links, settings.StopProgram, time, loggers.CreateLogger<Draining>()),
            new RunningDiagnosis(Store, Oldest, Replication, Recipients, Book, Links, Diallers, Gate, transport, places, time),
            new UpkeepGlance(Oldest, Book, Links, Diallers, Gate, settings.DataDirectory),
            settings.Reread is null ? null : Reload.RereadAsync);
    }

    private void StartOverlay(NodeSettings settings, PeerAddress address, TimeProvider time, ILoggerFactory loggers)
    {
        // What this node would not dial itself where somebody else named it, others don't either.
        PeerAddress[] dialable = !System.Net.IPAddress.TryParse(address.Host, out var literal) || settings.DialPolicy.Allows(literal) ? [address] : [];
        overlay = new RoomOverlay(
            local, Book, Rooms, Members, Links, Diallers, new AddressTester(Members, transport, settings.DialPolicy, time),
            new OwnAddresses(Store, identity, dialable), time,
            loggers.CreateLogger<RoomOverlay>());
        overlay.Start();
    }

    /// <summary>Writes down where clients find the TCP endpoint. On a full disk the node serves all the same: the socket and the address itself still lead to it.</summary>
    private void PublishAddress(string? address, ILogger log)
    {
        try
        {
            File.Delete(directory.AddressPath);
            if (address is not null)
                File.WriteAllText(directory.AddressPath, address + "\n");
        }
        catch (IOException unwritable)
        {
            ApiLog.NoAddressFile(log, directory.AddressPath, unwritable.Message);
            File.Delete(directory.AddressPath);
        }
    }

    private PeerAddress Advertised(NodeSettings settings)
    {
        var port = peerHost!.LocalEndPoint.Port;
        if (settings.Advertise is { } advertised)
            return advertised;
        var isAny = settings.Listen.Address.Equals(System.Net.IPAddress.Any) || settings.Listen.Address.Equals(System.Net.IPAddress.IPv6Any);
        return new PeerAddress(isAny ? Environment.MachineName.ToLowerInvariant() : settings.Listen.Address.ToString(), port);
    }

    /// <summary>Stops the node: refuses new work, says goodbye, flushes.</summary>
    public async ValueTask DisposeAsync()
    {
        telemetry.Dispose();
        if (lan is not null)
            await lan.DisposeAsync().ConfigureAwait(false);
        Receipts.StopWaiting();
        lifetime.Stop();
        if (webHost is not null)
        {
            await webHost.StopAsync(CallsTime).ConfigureAwait(false);
            await webHost.DisposeAsync().ConfigureAwait(false);
        }

        if (clientHost is not null)
        {
            await clientHost.StopAsync(CallsTime).ConfigureAwait(false);
            await clientHost.DisposeAsync().ConfigureAwait(false);
            File.Delete(directory.AddressPath);
            File.Delete(directory.SocketPath);
        }

        Links.CloseAll(GoodbyeReason.Shutdown, "The node is stopping.");
        if (overlay is not null)
            await overlay.DisposeAsync().ConfigureAwait(false);
        await Diallers.DisposeAsync().ConfigureAwait(false);
        if (peerHost is not null)
        {
            await peerHost.StopAsync(LinksTime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await peerHost.DisposeAsync().ConfigureAwait(false);
        }

        if (healthHost is not null)
            await healthHost.DisposeAsync().ConfigureAwait(false);
        await reserve.DisposeAsync().ConfigureAwait(false);
        await Retention.DisposeAsync().ConfigureAwait(false);
        await Replication.DisposeAsync().ConfigureAwait(false);
        await Index.DisposeAsync().ConfigureAwait(false);
        await Invites.DisposeAsync().ConfigureAwait(false);
        await Store.DisposeAsync().ConfigureAwait(false);
        Book.Dispose();
        Rooms.Dispose();
        Members.Dispose();
        Reload?.Dispose();
        Receipts.Dispose();
        lifetime.Dispose();
        certificate.Dispose();
        identity.Dispose();
        directory.Dispose();
    }
}

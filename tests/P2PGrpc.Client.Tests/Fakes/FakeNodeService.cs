using System.Threading.Channels;
using Google.Rpc;
using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client.Tests.Fakes;

/// <summary>A NodeService with two peers, one of them hostile in all that it may say.</summary>
public sealed class FakeNodeService : NodeService.NodeServiceBase
{
    public const string Hostile = "evil\u001b[2J\u202e\u0007[red]:bomb:";

    public Channel<WatchEventsResponse> Events { get; } = Channel.CreateUnbounded<WatchEventsResponse>();

    /// <summary>What is wrong with the store. A full disk leaves it writable, since each write tries anew; one that has halted is not.</summary>
    public (bool Writable, string Error) Store { get; set; } = (true, "");

    public bool Draining { get; set; }

    public ulong FreeBytes { get; set; } = 5UL << 30;

    /// <summary>False: what it makes is nowhere to be seen, as in a service with a /tmp of its own.</summary>
    public bool MakesBackups { get; set; } = true;

    public override Task<GetNodeResponse> GetNode(GetNodeRequest request, ServerCallContext context) => Task.FromResult(new GetNodeResponse
    {
        PeerId = "alice-id",
        Name = "alice",
        Version = "0.1.0",
        Address = "alice-id@127.0.0.1:5555",
        UptimeMs = 61_000,
        Position = 7,
        Undelivered = 2,
        Writable = Store.Writable,
        StoreError = Store.Error,
        Draining = Draining,
        Links = 1,
        Peers = 3,
        PeersDown = 1,
        PeersDialling = 1,
        OldestUndeliveredMs = 90_000,
        DatabaseBytes = 3 << 20,
        FreeBytes = FreeBytes,
        ReserveHeld = true,
    });

    public override async Task CreateBackup(CreateBackupRequest request, IServerStreamWriter<CreateBackupResponse> responseStream, ServerCallContext context)
    {
        await responseStream.WriteAsync(new CreateBackupResponse { CopiedBytes = 1, TotalBytes = 2 });
        if (MakesBackups)
            await File.WriteAllTextAsync(Path.Combine(Directory.CreateDirectory(request.Directory).FullName, "backup.json"), "{}");
        await responseStream.WriteAsync(new CreateBackupResponse
        {
            Backup = new Backup { Directory = request.Directory, PeerId = "alice-id", Position = 7, DatabaseBytes = 1 << 20, Sha256 = "ab", WithKey = request.WithKey },
        });
    }

    public override Task<ExplainMessageResponse> ExplainMessage(ExplainMessageRequest request, ServerCallContext context) => Task.FromResult(new ExplainMessageResponse
    {
        Reference = request.Message,
        Author = "alice-id",
        Alias = "self",
        Peer = "bob",
        Position = 7,
        FirstSequence = 3,
        Count = 2,
        Body = BodyState.Held,
        MessageId = Hostile,
        Recipients =
        {
            new MessageRecipient
            {
                PeerId = "bob-id", Alias = "bob", Acknowledgement = Acknowledgement.NotGiven, LastError = Hostile, Failures = 3, TriedBeforeMs = 4_000, NextInMs = 1_500,
            },
        },
    });

    public override Task<DrainResponse> Drain(DrainRequest request, ServerCallContext context) => Task.FromResult(new DrainResponse
    {
        Draining = !request.Off,
        Undelivered = request.WaitMs == 1000 ? 0ul : 2,
        Stopping = request.Stop,
        Peers = { new DrainPeer { PeerId = "bob-id", Alias = "bob", Undelivered = 2 } },
    });

    public override Task<ReloadResponse> Reload(ReloadRequest request, ServerCallContext context) =>
        Task.FromResult(new ReloadResponse { Applied = { "the peer bob is known" }, NeedsRestart = { "listen", "name" } });

    public override Task<DiagnoseResponse> Diagnose(DiagnoseRequest request, ServerCallContext context) => Task.FromResult(new DiagnoseResponse
    {
        Findings =
        {
            new Finding { Check = "disk", Severity = Severity.Ok, Detail = "5 GiB are free." },
            new Finding { Check = "peer", Severity = Severity.Error, Detail = $"{Hostile} can't be reached.", Advice = "See whether it runs." },
        },
    });

    public override Task<ListPeersResponse> ListPeers(ListPeersRequest request, ServerCallContext context) => Task.FromResult(new ListPeersResponse
    {
        Peers =
        {
            new Peer { PeerId = "bob-id", Alias = "bob", Addresses = { "127.0.0.1:5556" }, Admission = Admission.Known, Link = LinkState.Up, RoundTripMs = 0.5 },
            new Peer { PeerId = "eve-id", SuggestedName = Hostile, Admission = Admission.Knocking, Link = LinkState.Down, LastError = Hostile },
        },
    });

    public override Task<AddPeerResponse> AddPeer(AddPeerRequest request, ServerCallContext context) => request.Peer == "?"
        ? throw FakePeerService.Refusal(Code.InvalidArgument, "PEER_INVALID", "'?' is no peer")
        : Task.FromResult(new AddPeerResponse
        {
            Peer = new Peer { Alias = "carol", Addresses = { request.Peer }, Admission = Admission.Unpinned, Link = LinkState.Dialling },
        });

    public override Task<RemovePeerResponse> RemovePeer(RemovePeerRequest request, ServerCallContext context) => Task.FromResult(new RemovePeerResponse());

    public override Task<AcceptPeerResponse> AcceptPeer(AcceptPeerRequest request, ServerCallContext context) => Task.FromResult(new AcceptPeerResponse
    {
        Peer = new Peer { PeerId = request.Peer, Alias = request.Alias, Admission = Admission.Known, Link = LinkState.Down },
    });

    public override Task<BlockPeerResponse> BlockPeer(BlockPeerRequest request, ServerCallContext context) => Task.FromResult(new BlockPeerResponse
    {
        Peer = new Peer { PeerId = "bob-id", Alias = request.Peer, Admission = Admission.Blocked, Link = LinkState.Down },
    });

    public override async Task WatchEvents(
        WatchEventsRequest request, IServerStreamWriter<WatchEventsResponse> responseStream, ServerCallContext context)
    {
        await foreach (var response in Events.Reader.ReadAllAsync(context.CancellationToken))
            await responseStream.WriteAsync(response, context.CancellationToken);
    }
}

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

    public bool Writable { get; set; } = true;

    public override Task<GetNodeResponse> GetNode(GetNodeRequest request, ServerCallContext context) => Task.FromResult(new GetNodeResponse
    {
        PeerId = "alice-id",
        Name = "alice",
        Version = "0.1.0",
        Address = "alice-id@127.0.0.1:5555",
        UptimeMs = 61_000,
        Position = 7,
        Undelivered = 2,
        Writable = Writable,
        StoreError = Writable ? "" : "the disk is full",
        Links = 1,
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

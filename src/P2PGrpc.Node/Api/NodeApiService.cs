using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>NodeService: the owner's view of the node and its peers.</summary>
internal sealed class NodeApiService(
    NodeDescription description, LogStore store, LinkTable links, PeerAdministration peers, InviteAdministration invites, UpkeepAdministration upkeep, EphemeralInbox inbox,
    NodeEvents events, ApiLifetime lifetime)
    : NodeService.NodeServiceBase
{
    public override Task<GetNodeResponse> GetNode(GetNodeRequest request, ServerCallContext context)
    {
        var node = new GetNodeResponse
        {
            PeerId = description.PeerId.ToString(),
            Name = description.Name,
            Version = NodeDescription.Version,
            Address = description.Address,
            UptimeMs = (ulong)description.Uptime.TotalMilliseconds,
            Position = store.LastPosition,
            Undelivered = store.CountUndelivered(),
            UndeliveredToRemoved = store.CountUndelivered(Audience.Forgotten),
            Writable = store.Health.Writable,
            StoreError = store.Health.Error ?? "",
            DamagedPlaces = (uint)store.DamagedPlaces,
            Links = (uint)links.Count,
            EphemeralDropped = (ulong)(links.EphemeralDropped + inbox.Dropped),
        };
        upkeep.Glance.Add(node);
        return Task.FromResult(node);
    }

    public override Task<ListPeersResponse> ListPeers(ListPeersRequest request, ServerCallContext context)
    {
        var response = new ListPeersResponse();
        response.Peers.Add(peers.List());
        return Task.FromResult(response);
    }

    public override async Task<AddPeerResponse> AddPeer(AddPeerRequest request, ServerCallContext context) =>
        new() { Peer = await peers.AddAsync(request.Peer, context.CancellationToken).ConfigureAwait(false) };

    public override async Task<RemovePeerResponse> RemovePeer(RemovePeerRequest request, ServerCallContext context)
    {
        await peers.RemoveAsync(request.Peer, context.CancellationToken).ConfigureAwait(false);
        return new RemovePeerResponse();
    }

    public override async Task<AcceptPeerResponse> AcceptPeer(AcceptPeerRequest request, ServerCallContext context) =>
        new() { Peer = await peers.AcceptAsync(request.Peer, request.Alias, context.CancellationToken).ConfigureAwait(false) };

    public override async Task<BlockPeerResponse> BlockPeer(BlockPeerRequest request, ServerCallContext context) =>
        new() { Peer = await peers.BlockAsync(request.Peer, context.CancellationToken).ConfigureAwait(false) };

    public override Task<CreateInviteResponse> CreateInvite(CreateInviteRequest request, ServerCallContext context) =>
        invites.CreateAsync(request.Alias, request.ExpiresAfterSeconds, context.CancellationToken);

    public override Task<ListInvitesResponse> ListInvites(ListInvitesRequest request, ServerCallContext context) =>
        Task.FromResult(new ListInvitesResponse { Invites = { invites.List() } });

    public override async Task<RevokeInviteResponse> RevokeInvite(RevokeInviteRequest request, ServerCallContext context) =>
        new() { Invite = await invites.RevokeAsync(request.Invite, context.CancellationToken).ConfigureAwait(false) };

    public override async Task<RedeemInviteResponse> RedeemInvite(RedeemInviteRequest request, ServerCallContext context) =>
        new() { Peer = await invites.RedeemAsync(request.Ticket, request.Alias, context.CancellationToken).ConfigureAwait(false) };

    public override async Task CreateBackup(CreateBackupRequest request, IServerStreamWriter<CreateBackupResponse> responseStream, ServerCallContext context)
    {
        using var stop = lifetime.Link(context.CancellationToken);
        try
        {
            await foreach (var progress in upkeep.Backups.CreateAsync(request, stop.Token).ConfigureAwait(false))
                await responseStream.WriteAsync(progress, context.CancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.IsStopping && !context.CancellationToken.IsCancellationRequested)
        {
            throw ApiLifetime.Ended("The node is stopping, and has given the backup up: nothing of it was left. Make it when the node is back, or from its files once it has stopped.");
        }
    }

    public override Task<ExplainMessageResponse> ExplainMessage(ExplainMessageRequest request, ServerCallContext context) =>
        upkeep.Explanation.ExplainAsync(request.Message, context.CancellationToken);

    public override async Task<DrainResponse> Drain(DrainRequest request, ServerCallContext context)
    {
        using var stop = lifetime.Link(context.CancellationToken);
        return await upkeep.Draining.DrainAsync(request, stop.Token).ConfigureAwait(false);
    }

    public override Task<ReloadResponse> Reload(ReloadRequest request, ServerCallContext context) => upkeep.ReloadAsync(context.CancellationToken);

    public override async Task<DiagnoseResponse> Diagnose(DiagnoseRequest request, ServerCallContext context) =>
        new() { Findings = { await upkeep.Diagnosis.RunAsync(context.CancellationToken).ConfigureAwait(false) } };

    public override async Task WatchEvents(
        WatchEventsRequest request, IServerStreamWriter<WatchEventsResponse> responseStream, ServerCallContext context)
    {
        using var stop = lifetime.Link(context.CancellationToken);
        using var watch = events.Watch();
        // Headers at once, so that a caller knows that nothing from here on is missed.
        await context.WriteResponseHeadersAsync([]).ConfigureAwait(false);
        try
        {
            await foreach (var happened in watch.ReadAllAsync(stop.Token).ConfigureAwait(false))
                await responseStream.WriteAsync(happened, context.CancellationToken).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (lifetime.IsStopping && !context.CancellationToken.IsCancellationRequested)
        {
            throw ApiLifetime.Ended();
        }
    }
}

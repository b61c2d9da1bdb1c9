using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Rooms;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Hosting;

/// <summary>The node as a part of a host: starts and stops with it.</summary>
/// <param name="options">How it runs.</param>
/// <param name="time">Its clock.</param>
/// <param name="loggers">Where log lines go.</param>
/// <param name="meters">Where its metrics are made.</param>
/// <param name="transport">What carries the bytes between nodes; null for TCP. The test kit adds another to the host's services.</param>
internal sealed class EmbeddedNode(
    IOptions<NodeOptions> options, TimeProvider time, ILoggerFactory loggers, IMeterFactory meters, PeerTransport? transport = null)
    : IHostedService, INode, IAsyncDisposable
{
    private readonly TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private NodeRuntime? runtime;

    public Task Started => started.Task;

    public PeerId Id => Runtime.Id;

    public string Address => Runtime.Address;

    public string? ApiAddress => Runtime.ApiAddress;

    public string? WebAddress => Runtime.WebAddress;

    public string? HealthAddress => Runtime.HealthAddress;

    /// <summary>The node while it runs; null before it started and after it stopped.</summary>
    internal NodeRuntime? Running => runtime;

    private NodeRuntime Runtime => runtime ?? throw new InvalidOperationException("The node has not started. Await INode.Started, or use it after the host has started.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var settings = NodeSettings.From(options.Value) with { Transport = transport ?? PeerTransport.Tcp };
            runtime = await NodeRuntime.StartAsync(settings, time, loggers, meters, cancellationToken).ConfigureAwait(false);
            HostingLog.Started(loggers.CreateLogger<EmbeddedNode>(), Address, ApiAddress ?? "off", options.Value.DataDirectory);
            started.TrySetResult();
        }
        catch (Exception failed)
        {
            started.TrySetException(failed);
            // Seen by the caller of StartAsync; nobody else has to await Started.
            _ = started.Task.Exception;
            throw;
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref runtime, null) is { } running)
            await running.DisposeAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => new(StopAsync(CancellationToken.None));

    public Task<SendResponse> SendAsync(SendRequest request, CancellationToken cancellationToken) =>
        Runtime.Sender.SendAsync(Given(request), null, cancellationToken);

    public async Task<SendStreamResponse> SendBatchAsync(SendStreamRequest request, CancellationToken cancellationToken)
    {
        var recipient = await Runtime.Recipients.ResolveAsync(Given(request).To, cancellationToken).ConfigureAwait(false);
        return await Runtime.Sender.SendBatchAsync(recipient, OutgoingBatch.From(request), cancellationToken).ConfigureAwait(false);
    }

    public IAsyncEnumerable<SubscribeResponse> SubscribeAsync(SubscribeRequest request, CancellationToken cancellationToken) =>
        Runtime.Subscriptions.SubscribeAsync(Given(request), cancellationToken);

    public Task AcknowledgeAsync(string consumer, Cursor cursor, CancellationToken cancellationToken) =>
        Runtime.Consumers.AcknowledgeAsync(Given(consumer), Given(cursor), cancellationToken);

    public IAsyncEnumerable<WatchEventsResponse> WatchEventsAsync(CancellationToken cancellationToken) =>
        Runtime.Events.WatchAsync(cancellationToken);

    public IReadOnlyList<Peer> ListPeers() => [.. Runtime.Administration.List()];

    public Task<Peer> AddPeerAsync(string peer, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.Administration.AddAsync(Given(peer), cancellationToken));

    public Task<Peer> AcceptPeerAsync(string peer, string alias, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.Administration.AcceptAsync(Given(peer), alias, cancellationToken));

    public Task<Peer> BlockPeerAsync(string peer, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.Administration.BlockAsync(Given(peer), cancellationToken));

    public async Task RemovePeerAsync(string peer, CancellationToken cancellationToken)
    {
        try
        {
            await Runtime.Administration.RemoveAsync(Given(peer), cancellationToken).ConfigureAwait(false);
        }
        catch (PeerBookException refused)
        {
            throw PeerBookErrors.ToRequestException(refused);
        }
    }

    public Task<CreateInviteResponse> CreateInviteAsync(CreateInviteRequest request, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.InviteAdministration.CreateAsync(Given(request).Alias, request.ExpiresAfterSeconds, cancellationToken));

    public IReadOnlyList<Invite> ListInvites() => [.. Runtime.InviteAdministration.List()];

    public Task<Invite> RevokeInviteAsync(string invite, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.InviteAdministration.RevokeAsync(Given(invite), cancellationToken));

    public Task<Peer> RedeemInviteAsync(string ticket, string alias, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.InviteAdministration.RedeemAsync(Given(ticket), alias, cancellationToken));

    public IReadOnlyList<Room> ListRooms() => [.. Runtime.RoomAdministration.List(includeLeft: false)];

    public Task<CreateRoomResponse> CreateRoomAsync(string name, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.RoomAdministration.CreateAsync(Given(name), cancellationToken));

    public Task<Room> JoinRoomAsync(string ticket, string name, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.RoomAdministration.JoinAsync(Given(ticket), name, cancellationToken));

    public Task<Room> LeaveRoomAsync(string room, CancellationToken cancellationToken) =>
        TranslateAsync(Runtime.RoomAdministration.LeaveAsync(Given(room), cancellationToken));

    public Task<ListConversationsResponse> ListConversationsAsync(ListConversationsRequest request, CancellationToken cancellationToken) =>
        Runtime.History.ListConversationsAsync(Given(request), cancellationToken);

    public Task<ListMessagesResponse> ListMessagesAsync(ListMessagesRequest request, CancellationToken cancellationToken) =>
        Runtime.History.ListMessagesAsync(Given(request), cancellationToken);

    public Task<SearchMessagesResponse> SearchMessagesAsync(SearchMessagesRequest request, CancellationToken cancellationToken) =>
        Runtime.History.SearchAsync(Given(request), cancellationToken);

    public Task<MarkReadResponse> MarkReadAsync(MarkReadRequest request, CancellationToken cancellationToken) =>
        Runtime.History.MarkReadAsync(Given(request), cancellationToken);

    public IAsyncEnumerable<CreateBackupResponse> CreateBackupAsync(CreateBackupRequest request, CancellationToken cancellationToken) =>
        Runtime.Upkeep.Backups.CreateAsync(Given(request), cancellationToken);

    public Task<ExplainMessageResponse> ExplainMessageAsync(string message, CancellationToken cancellationToken) =>
        Runtime.Upkeep.Explanation.ExplainAsync(Given(message), cancellationToken);

    public Task<DrainResponse> DrainAsync(DrainRequest request, CancellationToken cancellationToken) =>
        Runtime.Upkeep.Draining.DrainAsync(Given(request), cancellationToken);

    public Task<ReloadResponse> ReloadAsync(NodeOptions options, CancellationToken cancellationToken) => Runtime.Reload.ApplyAsync(Given(options), cancellationToken);

    public Task<IReadOnlyList<Finding>> DiagnoseAsync(CancellationToken cancellationToken) => Runtime.Upkeep.Diagnosis.RunAsync(cancellationToken);

    private static T Given<T>(T argument, [CallerArgumentExpression(nameof(argument))] string name = "")
        where T : class
    {
        ArgumentNullException.ThrowIfNull(argument, name);
        return argument;
    }

    private static async Task<T> TranslateAsync<T>(Task<T> change)
    {
        try
        {
            return await change.ConfigureAwait(false);
        }
        catch (PeerBookException refused)
        {
            throw PeerBookErrors.ToRequestException(refused);
        }
        catch (RoomBookException refused)
        {
            throw RoomBookErrors.ToRequestException(refused);
        }
        catch (StoreException failed)
        {
            throw NodeRequestException.OfStore(failed);
        }
    }
}

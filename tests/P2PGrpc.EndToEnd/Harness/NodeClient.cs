using System.Net.Http.Headers;
using System.Net.Sockets;
using Grpc.Core;
using Grpc.Net.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>The generated stubs over a node's Unix socket, or over TCP with or without a token. Thread-safe.</summary>
internal sealed class NodeClient : IDisposable
{
    private readonly GrpcChannel channel;

    public NodeClient(string socketPath)
        : this("http://localhost", new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                try
                {
                    await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            },
        })
    {
    }

    private NodeClient(string address, HttpMessageHandler handler)
    {
        channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        Peer = new PeerService.PeerServiceClient(channel);
        Node = new NodeService.NodeServiceClient(channel);
        Conversations = new ConversationService.ConversationServiceClient(channel);
    }

    public PeerService.PeerServiceClient Peer { get; }

    public NodeService.NodeServiceClient Node { get; }

    public ConversationService.ConversationServiceClient Conversations { get; }

    /// <summary>A client of the TCP endpoint, with this token or none.</summary>
    public static NodeClient OverTcp(string address, string? token) =>
        new(address, new TokenHandler(token) { InnerHandler = new SocketsHttpHandler { UseProxy = false } });

    /// <summary>A deadline for a call, counted from now.</summary>
    public static DateTime In(TimeSpan time) => TimeProvider.System.GetUtcNow().UtcDateTime + time;

    public async Task<SendResponse> SendAsync(
        string to, string text, string messageId = "", DeliveryState waitFor = DeliveryState.Unspecified, TimeSpan? limit = null) =>
        await SendAsync(new SendRequest { To = to, Text = text, MessageId = messageId, WaitFor = waitFor }, limit);

    public async Task<SendResponse> SendAsync(SendRequest request, TimeSpan? limit = null) =>
        await Peer.SendAsync(request, deadline: In(limit ?? TimeSpan.FromSeconds(10)));

    /// <summary>Reads a subscription until the given number of messages has come, and gives them with the last cursor.</summary>
    public async Task<Reading> ReadAsync(SubscribeRequest request, int count, TimeSpan? limit = null)
    {
        var reading = new Reading();
        using var call = Peer.Subscribe(request, deadline: In(limit ?? Eventually.Generous));
        try
        {
            while (reading.Messages.Count < count && await call.ResponseStream.MoveNext()) reading.Add(call.ResponseStream.Current);
        }
        catch (RpcException e) when (e.StatusCode == StatusCode.DeadlineExceeded)
        {
            throw new TimeoutException($"{reading.Messages.Count} of {count} messages came in time.", e);
        }
        return reading;
    }

    /// <summary>Everything that the node holds now, from the start.</summary>
    public async Task<Reading> ReadAllAsync(bool includeOwn = false, string consumer = "", string conversation = "")
    {
        var reading = new Reading();
        var request = new SubscribeRequest { StartAt = StartAt.Start, IncludeOwn = includeOwn, Consumer = consumer, Conversation = conversation };
        using var call = Peer.Subscribe(request, deadline: In(TimeSpan.FromSeconds(60)));
        while (!reading.CaughtUp && await call.ResponseStream.MoveNext()) reading.Add(call.ResponseStream.Current);
        return reading;
    }

    public async Task<IReadOnlyList<Peer>> ListPeersAsync() =>
        (await Node.ListPeersAsync(new ListPeersRequest(), deadline: In(TimeSpan.FromSeconds(5)))).Peers;

    public async Task<bool> IsLinkedAsync(string alias) =>
        (await ListPeersAsync()).Any(peer => peer.Alias == alias && peer.Link == LinkState.Up);

    public async Task<string> GetPeerIdAsync() => (await Node.GetNodeAsync(new GetNodeRequest(), deadline: In(TimeSpan.FromSeconds(5)))).PeerId;

    public void Dispose() => channel.Dispose();

    private sealed class TokenHandler(string? token) : DelegatingHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (token is not null)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            return base.SendAsync(request, cancellationToken);
        }
    }
}

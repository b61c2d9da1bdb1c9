namespace P2PGrpc.Node.Api;

/// <summary>What the client endpoint serves.</summary>
internal sealed record ApiServices(PeerApiService Peer, MessageStreamService Streams, NodeApiService Node, ConversationApiService Conversations)
{
    /// <summary>Measures the calls.</summary>
    public required CallMeter Calls { get; init; }
}

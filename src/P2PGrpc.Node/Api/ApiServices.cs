using Grpc.AspNetCore.Server.Model;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace P2PGrpc.Node.Api;

/// <summary>What is served to clients.</summary>
internal sealed record ApiServices(PeerApiService Peer, MessageStreamService Streams, NodeApiService Node, ConversationApiService Conversations)
{
    /// <summary>Measures the calls.</summary>
    public required CallMeter Calls { get; init; }

    public void AddTo(IServiceCollection services)
    {
        services.AddSingleton<ErrorInterceptor>();
        services.AddSingleton<IServiceMethodProvider<MessageStreamService>, MessageStreamMethods>();
        services.AddSingleton(Calls);
        services.AddSingleton(Peer);
        services.AddSingleton(Streams);
        services.AddSingleton(Node);
        services.AddSingleton(Conversations);
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGrpcService<PeerApiService>();

        // Before the generated methods of the same names, which reflection needs and nobody reaches.
        routes.MapGrpcService<MessageStreamService>().WithOrder(-1);
        routes.MapGrpcService<NodeApiService>();
        routes.MapGrpcService<ConversationApiService>();
    }
}

using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks;

/// <summary>The baseline: the same gRPC methods on the same server, answering at once and keeping nothing.</summary>
internal static class EchoServer
{
    public static async Task RunAsync(string socketPath)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(
            server => server.ListenUnixSocket(socketPath, listen => listen.Protocols = HttpProtocols.Http2));
        var application = builder.Build();
        application.UseRouting();
        application.MapGrpcService<EchoService>();
        await application.RunAsync();
    }

    private sealed class EchoService : PeerService.PeerServiceBase
    {
        public override Task<SendResponse> Send(SendRequest request, ServerCallContext context) =>
            Task.FromResult(new SendResponse { Reference = request.To, State = DeliveryState.Accepted });

        public override async Task SendStream(
            IAsyncStreamReader<SendStreamRequest> requestStream, IServerStreamWriter<SendStreamResponse> responseStream, ServerCallContext context)
        {
            while (await requestStream.MoveNext(context.CancellationToken))
                await responseStream.WriteAsync(new SendStreamResponse { Count = (uint)requestStream.Current.Messages.Count });
        }
    }
}

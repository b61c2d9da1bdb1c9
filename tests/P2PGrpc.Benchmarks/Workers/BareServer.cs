using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.AspNetCore.Server.Model;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>The baseline: gRPC methods that answer at once and keep nothing, over a Unix socket, cleartext HTTP/2 or TLS 1.3.</summary>
internal static class BareServer
{
    private const int ConnectionWindow = 8 * 1024 * 1024;
    private const int StreamWindow = 4 * 1024 * 1024;

    /// <param name="address">A path for a Unix socket, or http://IP:PORT, or https://IP:PORT.</param>
    public static async Task RunAsync(string address)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        using var certificate = MakeCertificate();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.Services.AddGrpc(options => options.MaxReceiveMessageSize = null);
        builder.Services.AddSingleton(tally);
        builder.Services.AddSingleton<IServiceMethodProvider<BareStreams>, BareMethods>();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(server =>
        {
            server.Limits.Http2.InitialConnectionWindowSize = ConnectionWindow;
            server.Limits.Http2.InitialStreamWindowSize = StreamWindow;
            if (address.StartsWith('/'))
                server.ListenUnixSocket(address, listen => listen.Protocols = HttpProtocols.Http2);
            else
                server.Listen(IPEndPoint.Parse(new Uri(address).Authority), listen => Listen(listen, address.StartsWith("https", StringComparison.Ordinal) ? certificate : null));
        });
        await using var application = builder.Build();
        application.UseRouting();
        application.MapGrpcService<EchoService>();
        application.MapGrpcService<BareStreams>();
        await application.StartAsync();
        await WorkerConsole.ServeAsync(tally, gate);
    }

    private static void Listen(ListenOptions listen, X509Certificate2? certificate)
    {
        listen.Protocols = HttpProtocols.Http2;
        if (certificate is not null)
            listen.UseHttps(https => (https.ServerCertificate, https.SslProtocols) = (certificate, SslProtocols.Tls13));
    }

    private static X509Certificate2 MakeCertificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddHours(-1), now.AddDays(1));
    }

    private sealed class EchoService(Tally tally) : PeerService.PeerServiceBase
    {
        public override Task<SendResponse> Send(SendRequest request, ServerCallContext context)
        {
            tally.Add(1);
            return Task.FromResult(new SendResponse { Reference = request.To, State = DeliveryState.Accepted });
        }

        public override async Task SendStream(
            IAsyncStreamReader<SendStreamRequest> requestStream, IServerStreamWriter<SendStreamResponse> responseStream, ServerCallContext context)
        {
            while (await requestStream.MoveNext(context.CancellationToken))
            {
                tally.Add(requestStream.Current.Messages.Count);
                await responseStream.WriteAsync(new SendStreamResponse { Count = (uint)requestStream.Current.Messages.Count });
            }
        }
    }
}

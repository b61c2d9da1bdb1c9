using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client.Tests.Fakes;

/// <summary>
/// A node without a node behind it: cleartext HTTP/2 on a free port that asks for a token, and a Unix socket that does not, with the
/// files that a node leaves in its data directory. Stopped, it can be started again at the same places.
/// </summary>
public sealed class FakeNode : IAsyncDisposable
{
    private readonly bool socket;
    private WebApplication? application;

    private FakeNode(bool socket)
    {
        this.socket = socket;
        Directory = System.IO.Directory.CreateTempSubdirectory("p2pgrpc-").FullName;
        Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        File.WriteAllText(TokenFile, Token + "\n");
        Peers = new FakePeerService(Feed);
        Conversations = new FakeConversationService(Feed, Peers);
    }

    public string Directory { get; }

    public string Token { get; }

    public string TokenFile => Path.Combine(Directory, "api.token");

    public int Port { get; private set; }

    public string Address => $"127.0.0.1:{Port}";

    public FakeFeed Feed { get; } = new();

    public FakePeerService Peers { get; }

    public FakeNodeService Node { get; } = new();

    public FakeConversationService Conversations { get; }

    private string SocketPath => Path.Combine(Directory, "api.sock");

    public static async Task<FakeNode> StartAsync(bool socket = true)
    {
        var node = new FakeNode(socket);
        await node.StartAgainAsync();
        return node;
    }

    public async Task StartAgainAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc(options => options.Interceptors.Add<TokenCheck>(Token));
        builder.Services.AddSingleton(Peers);
        builder.Services.AddSingleton(Node);
        builder.Services.AddSingleton(Conversations);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(System.Net.IPAddress.Loopback, Port, listen => listen.Protocols = HttpProtocols.Http2);
            if (socket)
                kestrel.ListenUnixSocket(SocketPath, listen => listen.Protocols = HttpProtocols.Http2);
        });
        application = builder.Build();
        application.MapGrpcService<FakePeerService>();
        application.MapGrpcService<FakeNodeService>();
        application.MapGrpcService<FakeConversationService>();
        await application.StartAsync();
        Port = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses
            .Select(address => new Uri(address)).First(address => address.Scheme == "http" && address.Port > 0 && address.Host == "127.0.0.1").Port;
        await File.WriteAllTextAsync(Path.Combine(Directory, "api.address"), $"http://{Address}\n");
    }

    /// <summary>Stops at once, breaking what is under way.</summary>
    public async Task StopAsync()
    {
        if (application is null)
            return;
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await application.StopAsync(now.Token);
        await application.DisposeAsync();
        application = null;
        File.Delete(SocketPath);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    public P2PGrpcClient CreateClient(TimeSpan? retryFor = null) =>
        new(new P2PGrpcClientOptions { DataDirectory = Directory, RetryFor = retryFor ?? TimeSpan.FromSeconds(10) });
}

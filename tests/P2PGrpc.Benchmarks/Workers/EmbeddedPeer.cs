using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>A node in this process, linked to the one other node of its measurement.</summary>
internal sealed class EmbeddedPeer : IAsyncDisposable
{
    private readonly IHost host;

    private EmbeddedPeer(IHost host)
    {
        this.host = host;
        Node = host.Services.GetRequiredService<INode>();
    }

    public INode Node { get; }

    /// <summary>Starts the node and waits for its link.</summary>
    /// <param name="data">Its data directory.</param>
    /// <param name="listen">IP:PORT on which it listens.</param>
    /// <param name="peers">Its peers: alias=IP:PORT, separated by commas.</param>
    public static async Task<EmbeddedPeer> StartAsync(string data, string listen, string peers)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddP2PGrpcNode(options =>
        {
            options.Name = "bench";
            options.DataDirectory = data;
            options.Listen = listen;
            options.Api = "off";
            foreach (var peer in peers.Split(',', StringSplitOptions.RemoveEmptyEntries)) options.Peers.Add(peer);
        });
        var host = builder.Build();
        await host.StartAsync();
        return new EmbeddedPeer(host);
    }

    public async Task WaitForLinksAsync(int count)
    {
        while (Node.ListPeers().Count(peer => peer.Link == LinkState.Up) < count)
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }
}

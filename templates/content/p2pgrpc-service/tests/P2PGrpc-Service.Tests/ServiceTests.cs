using System.Net.Http.Json;
#if (isNode)
using Microsoft.Extensions.DependencyInjection;
using P2PGrpc.Node.Hosting;
#endif
using P2PGrpc.Protocol;
using P2PGrpc.Testing;
using Xunit;

namespace P2PGrpc_Service.Tests;

/// <summary>The service beside other nodes, in memory.</summary>
public sealed class ServiceTests
{
    [Fact]
    public async Task Messages_go_both_ways()
    {
#if (isNode)
        await using var mesh = await TestMesh.StartAsync(1, new TestMeshOptions { Names = ["bob"] });
        var builder = ServiceHost.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        await mesh.JoinAsync(builder.Services, "service");
#else
        await using var mesh = await TestMesh.StartAsync(2, new TestMeshOptions { Names = ["service", "bob"] });
        var builder = ServiceHost.CreateBuilder(["--urls=http://127.0.0.1:0", $"--Node:DataDirectory={mesh["service"].DataDirectory}"]);
#endif
        await using var service = ServiceHost.Build(builder);
        await service.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(service.Urls.First()) };
#if (isNode)
        var node = service.Services.GetRequiredService<INode>();
        await mesh.WaitUntilAsync(() => node.ListPeers().All(peer => peer.Link == LinkState.Up));
#endif

        var posted = await http.PostAsJsonAsync("/messages/bob", new NewMessage("hello bob"));
        posted.EnsureSuccessStatusCode();
        var message = Assert.Single(await mesh["bob"].ReceiveAsync(1));
        Assert.Equal("hello bob", message.Text);

        await mesh["bob"].Node.SendAsync(new SendRequest { To = "service", Text = "hello service" });
        await mesh.WaitUntilAsync(async () => (await http.GetStringAsync("/messages")).Contains("hello service"));
        Assert.Equal("Healthy", await http.GetStringAsync("/healthz"));
    }
#if (isNode)

    [Fact]
    public async Task Another_reader_of_the_inbox_ends_neither_the_inbox_nor_the_service()
    {
        await using var mesh = await TestMesh.StartAsync(1, new TestMeshOptions { Names = ["bob"] });
        var builder = ServiceHost.CreateBuilder(["--urls=http://127.0.0.1:0"]);
        await mesh.JoinAsync(builder.Services, "service");
        await using var service = ServiceHost.Build(builder);
        await service.StartAsync();
        var node = service.Services.GetRequiredService<INode>();
        var inbox = service.Services.GetRequiredService<Inbox>();
        await mesh.WaitUntilAsync(() => node.ListPeers().All(peer => peer.Link == LinkState.Up));
        await mesh["bob"].Node.SendAsync(new SendRequest { To = "service", Text = "one" });
        await mesh.WaitUntilAsync(() => inbox.Messages.Count == 1);

        await foreach (var _ in node.SubscribeAsync(new SubscribeRequest { Consumer = "inbox" }))
            break;
        await mesh["bob"].Node.SendAsync(new SendRequest { To = "service", Text = "two" });
        await mesh.WaitUntilAsync(() => inbox.Messages.Any(message => message.Text == "two"));
    }
#endif
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Client;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Testing.Tests;

/// <summary>What the kit promises to those who test with it.</summary>
public sealed class MeshTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Nodes_know_each_other_and_clients_reach_them()
    {
        await using var mesh = await TestMesh.StartAsync(3, cancellationToken: Token);
        await using var client = mesh["alice"].CreateClient();
        var receipt = await client.SendAsync("bob", "hello", new SendSettings { WaitForDelivery = true }, Token);
        Assert.Equal(DeliveryState.Delivered, receipt.State);

        var message = Assert.Single(await mesh["bob"].ReceiveAsync(1, Token));
        Assert.Equal(("alice", "hello", mesh["alice"].Id.ToString()), (message.Alias, message.Text, message.Author));
        Assert.All(mesh.Nodes, node => Assert.Equal(2, mesh.Nodes.Count(other => node.IsLinkedWith(other.Name))));
    }

    [Fact]
    public async Task A_partition_holds_messages_up_and_healing_lets_them_through()
    {
        await using var mesh = await TestMesh.StartAsync(3, cancellationToken: Token);
        mesh.Partition(["alice"], ["bob", "carol"]);
        await SendAsync(mesh, "alice", "bob", "from one side");
        await mesh.WaitUntilAsync(() => !mesh["alice"].IsLinkedWith("bob") && !mesh["bob"].IsLinkedWith("alice"), cancellationToken: Token);
        Assert.True(mesh["bob"].IsLinkedWith("carol"));
        await SendAsync(mesh, "carol", "bob", "from the other");
        Assert.Equal("from the other", Assert.Single(await mesh["bob"].ReceiveAsync(1, Token)).Text);

        mesh.Heal();
        Assert.Equal(["from the other", "from one side"], (await mesh["bob"].ReceiveAsync(2, Token)).Select(message => message.Text));
    }

    [Fact]
    public async Task A_short_partition_is_nothing_but_a_delay()
    {
        await using var mesh = await TestMesh.StartAsync(2, cancellationToken: Token);
        mesh.Partition(["alice"], ["bob"]);
        await SendAsync(mesh, "alice", "bob", "late");
        mesh.Time.Advance(TimeSpan.FromSeconds(2));
        Assert.True(mesh["alice"].IsLinkedWith("bob"));

        mesh.Heal();
        Assert.Equal("late", Assert.Single(await mesh["bob"].ReceiveAsync(1, Token)).Text);
    }

    [Fact]
    public async Task A_crash_loses_nothing_that_was_accepted()
    {
        await using var mesh = await TestMesh.StartAsync(2, cancellationToken: Token);
        mesh.Partition(["alice"], ["bob"]);
        var accepted = new List<string>();
        var sending = Enumerable.Range(0, 4).Select(sender => SendUntilTheCrashAsync(mesh, sender, accepted)).ToList();
        await mesh.WaitUntilAsync(() => Count(accepted) > 100, cancellationToken: Token);
        await mesh.CrashAsync("alice");
        await mesh.WaitForAsync(Task.WhenAll(sending));
        Assert.False(mesh["alice"].IsRunning);
        Assert.Throws<InvalidOperationException>(() => mesh["alice"].Node);

        mesh.Heal();
        await mesh.RestartAsync("alice", Token);
        await SendAsync(mesh, "alice", "bob", "the last");
        var received = await mesh["bob"].ReceiveAsync(accepted.Count + 1, Token);
        Assert.Equal("the last", received[^1].Text);
        Assert.Equal(accepted.Order(), received.SkipLast(1).Select(message => message.Text!).Order());
    }

    [Fact]
    public async Task After_an_hour_of_absence_a_node_gets_what_it_missed()
    {
        await using var mesh = await TestMesh.StartAsync(3, cancellationToken: Token);
        await mesh.CrashAsync("carol");
        await SendAsync(mesh, "alice", "carol", "before");
        await mesh.AdvanceAsync(TimeSpan.FromHours(1), Token);
        Assert.True(mesh["alice"].IsLinkedWith("bob"), "links live through time that passes step by step");

        await mesh.RestartAsync("carol", Token);
        var message = Assert.Single(await mesh["carol"].ReceiveAsync(1, Token));
        Assert.Equal("before", message.Text);
        Assert.True(mesh.Time.GetUtcNow() - message.Time >= TimeSpan.FromHours(1));
    }

    [Fact]
    public async Task A_client_stays_good_over_a_crash_and_a_restart_of_its_node()
    {
        await using var mesh = await TestMesh.StartAsync(2, cancellationToken: Token);
        await using var client = mesh["alice"].CreateClient();
        await client.SendAsync("bob", "first", cancellationToken: Token);
        await mesh.StopAsync("alice");
        var second = client.SendAsync("bob", "second", cancellationToken: Token);
        await mesh.RestartAsync("alice", Token);
        await mesh.WaitForAsync(second);
        await mesh.CrashAsync("alice");
        await mesh.RestartAsync("alice", Token);
        await client.SendAsync("bob", "third", cancellationToken: Token);
        Assert.Equal(["first", "second", "third"], (await mesh["bob"].ReceiveAsync(3, Token)).Select(message => message.Text));
    }

    [Fact]
    public async Task Ten_nodes_start_and_all_are_linked()
    {
        await using var mesh = await TestMesh.StartAsync(10, cancellationToken: Token);
        Assert.All(mesh.Nodes, node => Assert.Equal(9, mesh.Nodes.Count(other => node.IsLinkedWith(other.Name))));
        await mesh.CrashAsync("judy");
        Assert.All(mesh.Nodes.Take(9), node => Assert.False(node.IsLinkedWith("judy")));
    }

    [Fact]
    public async Task A_host_that_embeds_a_node_takes_part()
    {
        await using var mesh = await TestMesh.StartAsync(2, cancellationToken: Token);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddP2PGrpcNode();
        await mesh.JoinAsync(builder.Services, "orders", Token);
        using var host = builder.Build();
        await host.StartAsync(Token);
        var orders = host.Services.GetRequiredService<INode>();
        await mesh.WaitUntilAsync(() => orders.ListPeers().All(peer => peer.Link == LinkState.Up), cancellationToken: Token);

        mesh.Partition(["orders"], ["alice", "bob"]);
        await orders.SendAsync(new SendRequest { To = "alice", Text = "from a host" }, Token);
        mesh.Heal();
        var message = Assert.Single(await mesh["alice"].ReceiveAsync(1, Token));
        Assert.Equal(("orders", "from a host"), (message.Alias, message.Text));
        await Assert.ThrowsAsync<ArgumentException>(() => mesh.JoinAsync(builder.Services, "alice", Token));
        await mesh.WaitForAsync(host.StopAsync(Token));
    }

    [Fact]
    public async Task What_never_comes_about_is_said_with_the_state_of_the_mesh()
    {
        var options = new TestMeshOptions { Names = ["here", "there"], Patience = TimeSpan.FromMilliseconds(300) };
        await using var mesh = await TestMesh.StartAsync(2, options, Token);
        await mesh.StopAsync("there");
        var never = await Assert.ThrowsAsync<TimeoutException>(() => mesh["here"].ReceiveAsync(1, Token));
        Assert.Contains("here receives 1 messages", never.Message, StringComparison.Ordinal);
        Assert.Contains("here is linked with nobody; there is down", never.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => mesh.Partition(["here"], ["nowhere"]));
        Assert.Throws<ArgumentException>(() => mesh.Partition(["here"], ["here"]));
        // For none nothing has to come about.
        Assert.Empty(await mesh["here"].ReceiveAsync(0, Token));
        await mesh.DisposeAsync();
    }

    [Fact]
    public async Task The_data_of_a_mesh_is_gone_with_it()
    {
        var mesh = await TestMesh.StartAsync(1, cancellationToken: Token);
        var data = mesh["alice"].DataDirectory;
        Assert.True(Directory.Exists(data));
        await mesh.DisposeAsync();
        Assert.False(Directory.Exists(Path.GetDirectoryName(data)));
    }

    private static async Task SendAsync(TestMesh mesh, string from, string to, string text) =>
        await mesh[from].Node.SendAsync(new SendRequest { To = to, Text = text }, Token);

    private static async Task SendUntilTheCrashAsync(TestMesh mesh, int sender, List<string> accepted)
    {
        var node = mesh["alice"].Node;
        for (var index = 0; ; index++)
            try
            {
                var text = $"{sender}/{index}";
                await node.SendAsync(new SendRequest { To = "bob", Text = text }, Token);
                lock (accepted)
                    accepted.Add(text);
            }
            catch (Exception gone) when (gone is NodeRequestException or InvalidOperationException)
            {
                return;
            }
    }

    private static int Count(List<string> accepted)
    {
        lock (accepted)
            return accepted.Count;
    }
}

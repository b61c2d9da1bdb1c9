using P2PGrpc.Core.Identity;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>Two honest nodes, and a third identity that the first one knows and that means ill. One pair serves all attacks of a class.</summary>
public sealed class HonestPair : IAsyncLifetime
{
    private readonly Neighbourhood nodes = new();

    internal NodeProcess Alice { get; private set; } = null!;

    internal NodeProcess Bob { get; private set; } = null!;

    /// <summary>Known to alice: a member of the conversation that it has with her.</summary>
    internal IdentityKey Mallory { get; } = MakeKey(66);

    /// <summary>Known to alice, too; makes more logs than she holds of one peer.</summary>
    internal IdentityKey Hoarder { get; } = MakeKey(88);

    /// <summary>Known to nobody.</summary>
    internal IdentityKey Stranger { get; } = MakeKey(77);

    internal PeerId AliceId { get; private set; }

    public async ValueTask InitializeAsync()
    {
        (Alice, Bob) = nodes.AddPair();
        Alice.Peers.Add($"mallory={Mallory.PeerId}");
        Alice.Peers.Add($"hoarder={Hoarder.PeerId}");
        // What it shows of messages is no log.
        Alice.Options.Add("--quiet");
        await Task.WhenAll(Alice.StartAsync(), Bob.StartAsync());
        await Neighbourhood.LinkedAsync(Alice, Bob);
        Assert.True(PeerId.TryParse(await Alice.Client.GetPeerIdAsync(), out var id));
        AliceId = id;
    }

    public ValueTask DisposeAsync() => nodes.DisposeAsync();

    private static IdentityKey MakeKey(byte number) => IdentityKey.FromSeed(Enumerable.Repeat(number, IdentityKey.SeedLength).ToArray());
}

/// <summary>What honest programs see of two nodes meanwhile: one message after the other, each way, until it is delivered.</summary>
internal sealed class HonestTraffic(HonestPair pair)
{
    private readonly List<TimeSpan> latencies = [];
    private readonly Lock gate = new();

    public int Messages => latencies.Count;

    public TimeSpan Percentile99 => latencies.Order().ElementAt(Math.Min(latencies.Count - 1, latencies.Count * 99 / 100));

    public TimeSpan Median => latencies.Order().ElementAt(latencies.Count / 2);

    /// <summary>Honest traffic while something goes on, for as long as attacks last.</summary>
    public static async Task<HonestTraffic> MeasureAsync(HonestPair pair, Func<CancellationToken, Task> meanwhile)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var honest = new HonestTraffic(pair);
        stop.CancelAfter(AbuseLimits.Duration);
        await Task.WhenAll(honest.RunAsync(stop.Token), meanwhile(stop.Token));
        return honest;
    }

    private Task RunAsync(CancellationToken stop) => Task.WhenAll(SendAsync(pair.Alice.Client, "bob", stop), SendAsync(pair.Bob.Client, "alice", stop));

    private async Task SendAsync(NodeClient client, string to, CancellationToken stop)
    {
        for (var number = 0; !stop.IsCancellationRequested; number++)
        {
            var started = TimeProvider.System.GetTimestamp();
            var sent = await client.SendAsync(to, $"honest {number}", waitFor: DeliveryState.Delivered, limit: TimeSpan.FromSeconds(10));
            Assert.Equal(DeliveryState.Delivered, sent.State);
            lock (gate)
                latencies.Add(TimeProvider.System.GetElapsedTime(started));
            await Eventually.PauseAsync(5);
        }
    }
}

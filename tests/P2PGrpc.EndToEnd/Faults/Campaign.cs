using P2PGrpc.Checkers;
using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>What a campaign counted.</summary>
internal readonly record struct CampaignSum(int Attempted, int Accepted, int Read)
{
    public static CampaignSum operator +(CampaignSum one, CampaignSum other) =>
        new(one.Attempted + other.Attempted, one.Accepted + other.Accepted, one.Read + other.Read);
}

/// <summary>What holds after any campaign of faults: the checkers over what a recipient reads, and over the databases.</summary>
internal static class Campaign
{
    /// <summary>Waits until the recipient holds all that was accepted, and then has K1, K3 and gaplessness judge what it reads.</summary>
    public static Task<CampaignSum> CheckAsync(NodeProcess recipient, LoadGenerator load, TimeSpan? limit = null) =>
        CheckAsync(recipient.Name, [load], () => recipient.Client.ReadAllAsync(), limit);

    /// <summary>The same for what several sources sent to one place.</summary>
    /// <param name="reader">Who reads, for messages.</param>
    /// <param name="loads">All that was sent there.</param>
    /// <param name="readAsync">Reads all that is held of it now.</param>
    /// <param name="limit">How long the last message may take.</param>
    public static async Task<CampaignSum> CheckAsync(
        string reader, IReadOnlyCollection<LoadGenerator> loads, Func<Task<Reading>> readAsync, TimeSpan? limit = null)
    {
        var accepted = loads.SelectMany(load => load.Accepted.Keys).ToList();
        var attempted = loads.SelectMany(load => load.Attempted.Keys).ToList();
        List<ReadMessage> read = [];
        try
        {
            await Eventually.HoldsAsync($"{reader} holds all {accepted.Count} accepted messages", async () =>
            {
                read = (await readAsync()).Messages;
                return !accepted.Except(read.Select(message => message.Text), StringComparer.Ordinal).Any();
            }, limit ?? TimeSpan.FromSeconds(60));
        }
        catch (TimeoutException) when (read.Count > 0)
        {
            // The checkers say which are missing.
        }

        var faults = SetChecker.Find(attempted, accepted, read.Select(message => message.Text));
        Assert.True(faults.Count == 0, $"{reader}: {faults.Count} faults\n{string.Join('\n', faults.Take(20))}");
        CheckOrder(read);
        return new CampaignSum(attempted.Count, accepted.Count, read.Count);
    }

    /// <summary>K3 and gaplessness: each source's messages in its order, each once, and each log's from 1 without a gap.</summary>
    public static void CheckOrder(IReadOnlyCollection<ReadMessage> read)
    {
        Assert.Empty(OrderChecker.Find(read.Select(message => OrderChecker.Parse(message.Text))));
        foreach (var log in read.GroupBy(message => message.Log))
            Assert.Equal(Enumerable.Range(1, log.Count()).Select(i => (ulong)i), log.Select(message => message.Sequence));
    }

    /// <summary>Ends the nodes in order and has K2 judge their databases, each alone and against the other.</summary>
    public static async Task StopAndVerifyAsync(params NodeProcess[] nodes)
    {
        foreach (var node in nodes.Where(node => node.Runs)) await node.StopAsync();
        await DatabaseVerifier.SkipIfMissingAsync();
        await DatabaseVerifier.VerifyAsync(nodes);
    }
}

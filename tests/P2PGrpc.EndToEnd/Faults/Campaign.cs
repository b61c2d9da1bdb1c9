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
    public static async Task<CampaignSum> CheckAsync(NodeProcess recipient, LoadGenerator load, TimeSpan? limit = null)
    {
        List<ReadMessage> read = [];
        await Eventually.HoldsAsync($"{recipient.Name} holds all {load.Accepted.Count} accepted messages", async () =>
        {
            read = (await recipient.Client.ReadAllAsync()).Messages;
            return !load.Accepted.Keys.Except(read.Select(message => message.Text), StringComparer.Ordinal).Any();
        }, limit ?? TimeSpan.FromSeconds(60));

        Assert.Empty(SetChecker.Find(load.Attempted.Keys, load.Accepted.Keys, read.Select(message => message.Text)));
        Assert.Empty(OrderChecker.Find(read.Select(message => OrderChecker.Parse(message.Text))));
        foreach (var log in read.GroupBy(message => message.Log))
            Assert.Equal(Enumerable.Range(1, log.Count()).Select(i => (ulong)i), log.Select(message => message.Sequence));
        return new CampaignSum(load.Attempted.Count, load.Accepted.Count, read.Count);
    }

    /// <summary>Ends the nodes in order and has K2 judge their databases, each alone and against the other.</summary>
    public static async Task StopAndVerifyAsync(params NodeProcess[] nodes)
    {
        foreach (var node in nodes.Where(node => node.Runs)) await node.StopAsync();
        await DatabaseVerifier.SkipIfMissingAsync();
        await DatabaseVerifier.VerifyAsync(nodes);
    }
}

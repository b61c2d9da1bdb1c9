using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>L1, L3: credit where far more links have something to send than the budget has windows for.</summary>
public sealed class ManyLinksTests
{
    private static readonly IdentityKey[] Keys = Enumerable.Range(0, 1001).Select(CreateKey).ToArray();
    private static readonly ConversationId Room = ConversationId.Direct(Keys[0].PeerId, Keys[0].PeerId);
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(2);

    private readonly ReplicatorLimits limits = new();
    private readonly Replicator replicator;
    private readonly Dictionary<int, long> allowed = [];
    private readonly Queue<SegmentHeader> storing = [];
    private bool storeIsSlow;
    private long held;
    private TimeSpan now = TimeSpan.FromSeconds(1);
    private ulong position;

    public ManyLinksTests()
    {
        replicator = new Replicator(Keys[0].PeerId, limits, 0);
        Connect(0, isGuest: false);
        Handle(new ReplicatorInput.HeadsLoaded(Room, [], null));
        Handle(new ReplicatorInput.LinkDown(new LinkId(0)));
        allowed.Clear();
    }

    private sealed class Body : BodyHandle;

    /// <summary>Each sends one small message and keeps the rest of its window, as members do that seldom write.</summary>
    [Theory]
    [InlineData(129, 0)]
    [InlineData(129, 128)]
    [InlineData(1000, 0)]
    [InlineData(1000, 128)]
    public void Each_of_many_links_gets_credit_within_two_seconds(int links, int guests)
    {
        for (var link = 1; link <= links; link++)
            Connect(link, isGuest: link <= guests);
        var sent = new HashSet<int>();
        for (var link = 1; link <= links; link++)
        {
            Tell(link);
            SendAllowed(sent);
        }

        PassUntil(now + LongestWait, () => SendAllowed(sent));
        Assert.Equal(links, sent.Count);
        Assert.Equal((ulong)links, position);
    }

    /// <summary>A known peer that comes back is not kept waiting by guests that sit on what they got, or fill what they can.</summary>
    [Fact]
    public void Guests_together_get_at_most_half_and_a_known_peer_gets_credit_at_once()
    {
        for (var link = 1; link <= 128; link++)
            Connect(link, isGuest: true);
        for (var link = 1; link <= 128; link++)
            Tell(link);
        Assert.InRange(allowed.Values.Sum(), 1, limits.CreditBudget / 2);
        Connect(200, isGuest: false);
        Tell(200);
        Assert.True(allowed[200] >= ReplicatorLimits.LargestWeight);
    }

    /// <summary>Guests that wait in front, and whose half is on its way to a slow store, keep no known peer from the windows that other known peers leave unused.</summary>
    [Fact]
    public void Guests_that_wait_for_their_half_keep_no_known_peer_waiting()
    {
        for (var link = 1; link <= 600; link++)
            Connect(link, isGuest: link <= 128);
        storeIsSlow = true;
        for (var link = 1; link <= 500; link++)
        {
            Tell(link);
            if (link <= 128 && allowed[link] >= ReplicatorLimits.LargestWeight)
                Push(link, LogLimits.BodyLength);
        }

        PassUntil(now + limits.CreditTurn * 2, () =>
        {
            for (var link = 1; link <= 128; link++)
            {
                if (allowed[link] >= ReplicatorLimits.LargestWeight)
                    Push(link, LogLimits.BodyLength);
            }
        });
        Tell(600);
        PassUntil(now + LongestWait, () => { });
        Assert.True(allowed[600] >= ReplicatorLimits.LargestWeight);
    }

    /// <summary>V1: what a sender still may send, though its window was taken back, is taken where there is room, and else dropped and wanted again: never more than the budget
    /// waits for the store.</summary>
    [Fact]
    public void What_comes_by_credit_that_was_taken_back_takes_no_room_that_there_is_not()
    {
        const int links = 900;
        for (var link = 1; link <= links; link++)
            Connect(link, isGuest: false);
        for (var link = 1; link <= links; link++)
            Tell(link);
        PassUntil(now + LongestWait, () => { });
        Assert.All(allowed.Values, bytes => Assert.True(bytes >= ReplicatorLimits.LargestWeight));
        Assert.True(allowed.Values.Sum() > limits.CreditBudget);

        storeIsSlow = true;
        var dropped = new List<int>();
        for (var link = 1; link <= links; link++)
        {
            var outputs = Push(link, LogLimits.BodyLength);
            Assert.True(held <= limits.CreditBudget, $"{held} bytes wait for the store.");
            Assert.Empty(outputs.OfType<ReplicatorOutput.Close>());
            if (outputs.OfType<ReplicatorOutput.Store>().Any())
                continue;
            Assert.Single(outputs.OfType<ReplicatorOutput.Release>());
            Assert.Equal(new LinkId(link), Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>()).Link);
            dropped.Add(link);
        }

        Assert.InRange(dropped.Count, 1, links - 1);
        storeIsSlow = false;
        Answer();

        // Whoever was dropped sends again as soon as it has credit.
        var left = dropped.ToHashSet();
        PassUntil(now + LongestWait, () =>
        {
            foreach (var link in left.Where(link => allowed[link] >= ReplicatorLimits.LargestWeight).ToList())
            {
                if (Push(link, LogLimits.BodyLength).OfType<ReplicatorOutput.Store>().Any())
                    left.Remove(link);
            }
        });
        Assert.Empty(left);
        Assert.Equal((ulong)links, position);
    }

    private static IdentityKey CreateKey(int number)
    {
        var seed = new byte[IdentityKey.SeedLength];
        BitConverter.TryWriteBytes(seed, number);
        return IdentityKey.FromSeed(seed);
    }

    private static SegmentHeader Sign(int author, int length)
    {
        var log = new LogKey(Room, Keys[author].PeerId, 1);
        return SegmentHeader.Sign(Keys[author], log, log.ToLogId().Empty, 1, new byte[length], []);
    }

    private void Connect(int link, bool isGuest)
    {
        allowed[link] = 0;
        Handle(new ReplicatorInput.LinkUp(new LinkId(link), Keys[link % Keys.Length].PeerId, 1, 0, 0, isGuest));
        Handle(new ReplicatorInput.Sharing(new LinkId(link), Room, null, true));
    }

    private void Tell(int link)
    {
        var header = Sign(link, 10);
        Handle(new ReplicatorInput.Have(new LinkId(link), [new LogHead(header.Log, header.LogId, header.Head)], null));
    }

    private void SendAllowed(HashSet<int> sent)
    {
        foreach (var link in allowed.Where(one => one.Value >= ReplicatorLimits.LargestWeight && !sent.Contains(one.Key)).Select(one => one.Key).ToList())
        {
            sent.Add(link);
            Push(link, 10);
        }
    }

    private List<ReplicatorOutput> Push(int link, int length)
    {
        var header = Sign(link, length);
        allowed[link] -= header.Weight;
        return Handle(new ReplicatorInput.Segment(new LinkId(link), header, new Body()));
    }

    private void PassUntil(TimeSpan end, Action step)
    {
        for (; now < end; now += TimeSpan.FromMilliseconds(50))
        {
            Handle(new ReplicatorInput.Tick());
            step();
        }
    }

    private List<ReplicatorOutput> Handle(ReplicatorInput input)
    {
        var outputs = new List<ReplicatorOutput>();
        replicator.Handle(now, input, outputs);
        foreach (var credit in outputs.OfType<ReplicatorOutput.SendCredit>())
            allowed[(int)credit.Link.Value] += credit.Bytes;
        foreach (var store in outputs.OfType<ReplicatorOutput.Store>())
        {
            storing.Enqueue(store.Header);
            held += store.Header.Weight;
        }

        if (!storeIsSlow)
            Answer();
        return outputs;
    }

    private void Answer()
    {
        while (storing.TryDequeue(out var header))
        {
            held -= header.Weight;
            Handle(new ReplicatorInput.Stored(header.Log, header.LogId, header.Head, ++position));
        }
    }
}

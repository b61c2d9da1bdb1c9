using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Simulation;

/// <summary>V1: of one author only so many logs are held, whatever it does.</summary>
public sealed class QuotaTests
{
    [Fact]
    public void Of_an_author_with_too_many_logs_some_are_held_and_nothing_is_kept_of_the_rest()
    {
        var nodes = new TwoNodes(new ReplicatorLimits { LogsPerAuthor = 3, LogsPerLink = 6 });
        nodes.Connect();
        for (var start = 0; start < 3; start++)
        {
            nodes.Bob.Append();
            Restart(nodes);
        }

        nodes.TakeLines();
        var fourth = nodes.Bob.Append();
        Assert.Contains("alice: Refuse Quota", nodes.TakeLines(), StringComparison.Ordinal);
        Assert.Equal(0ul, nodes.Alice.Disk.HeadOf(fourth.LogId).Sequence);
        Assert.Equal(1, nodes.Alice.QuotasReached);
        Assert.Equal(1, nodes.Bob.QuotasReachedThere);

        // However many more: nothing is kept that LogsPerLink could count, and nothing more is said.
        TellOfNewLogs(nodes, 20);
        Assert.Equal("", nodes.TakeLines());
        Assert.Equal(1, nodes.Alice.QuotasReached);
    }

    /// <summary>V1: a member of a room can write under as many identities as it likes.</summary>
    [Fact]
    public void Of_many_authors_together_only_so_many_logs_are_held_and_nothing_is_kept_of_the_rest()
    {
        var nodes = new TwoNodes(new ReplicatorLimits());
        var replicator = new Replicator(nodes.Alice.PeerId, new ReplicatorLimits { LogsPerConversation = 3, LogsPerLink = 10 }, 0);
        List<ReplicatorOutput> outputs = [];
        Handle(
            new ReplicatorInput.LinkUp(new LinkId(1), nodes.Bob.PeerId, 1, 0, 0),
            new ReplicatorInput.Sharing(new LinkId(1), nodes.Conversation, null, On: true));
        Handle(new ReplicatorInput.HeadsLoaded(nodes.Conversation, [.. Enumerable.Range(2, 3).Select(author => MakeHead(author)).Select(
            head => new StoredHead(head.Log, head.LogId, head.Head, 1, Frozen: false))], null));
        outputs.Clear();
        for (var author = 10; author < 40; author++)
            Handle(new ReplicatorInput.Have(new LinkId(1), [MakeHead(author)], null));
        Assert.Empty(outputs.OfType<ReplicatorOutput.SendWant>());
        Assert.Empty(outputs.OfType<ReplicatorOutput.Close>());
        Assert.Equal(QuotaReason.AllLogs, Assert.Single(outputs.OfType<ReplicatorOutput.QuotaReached>()).Reason);
        Assert.Equal(RefuseReason.Quota, Assert.Single(outputs.OfType<ReplicatorOutput.SendRefuse>()).Reason);

        // What is held already goes on.
        Handle(new ReplicatorInput.Have(new LinkId(1), [MakeHead(2, sequence: 2)], null));
        Assert.Single(outputs.OfType<ReplicatorOutput.SendWant>());

        void Handle(params ReplicatorInput[] inputs) => replicator.Handle(TimeSpan.Zero, inputs, outputs);

        LogHead MakeHead(int author, ulong sequence = 1)
        {
            var log = new LogKey(nodes.Conversation, SimulationKeys.All[author].PeerId, 7);
            return new LogHead(log, log.ToLogId(), new Head(sequence, log.ToLogId().Value));
        }
    }

    [Fact]
    public void All_own_logs_are_taken_back_however_many()
    {
        var nodes = new TwoNodes(new ReplicatorLimits { LogsPerAuthor = 2 });
        for (ulong epoch = 100; epoch < 105; epoch++)
            nodes.Alice.Disk.TryWrite(SignFirst(nodes, epoch, 10), new byte[10]);
        nodes.Alice.Start();
        nodes.Connect();
        Assert.Equal(5, nodes.Bob.Disk.Logs.Count());
    }

    [Fact]
    public void A_log_that_is_over_the_quota_once_the_heads_are_known_is_not_taken()
    {
        var nodes = new TwoNodes(new ReplicatorLimits { LogsPerAuthor = 2 });
        nodes.Connect();
        for (var start = 0; start < 3; start++)
        {
            nodes.Bob.Append();
            Restart(nodes);
        }

        Assert.Equal(2, nodes.Alice.Disk.Logs.Count());

        // Told while the heads are being loaded, when nobody knows yet how many there are.
        nodes.Disconnect();
        nodes.Alice.Start();
        nodes.Bob.Append();
        nodes.Connect();
        Assert.Equal(2, nodes.Alice.Disk.Logs.Count());
    }

    [Fact]
    public void Proofs_alone_freeze_no_more_logs_than_the_quota()
    {
        var nodes = new TwoNodes(new ReplicatorLimits { LogsPerAuthor = 3 });
        nodes.Connect();
        var frozen = 0;
        for (ulong epoch = 100; epoch < 120; epoch++)
        {
            var first = SignFirst(nodes, epoch, 10);
            nodes.Alice.Handle(new ReplicatorInput.ForkProof(nodes.Alice.Link!.Value, first, SignFirst(nodes, epoch, 11)));
            nodes.Settle();
            frozen += nodes.Alice.Disk.IsFrozen(first.LogId) ? 1 : 0;
        }

        Assert.Equal(3, frozen);
    }

    [Fact]
    public void More_accusations_than_the_store_takes_at_once_are_passed_over()
    {
        var nodes = new TwoNodes(new ReplicatorLimits { Freezes = 2 });
        nodes.Connect();
        List<LogId> logs = [];
        for (ulong epoch = 100; epoch < 105; epoch++)
        {
            var first = SignFirst(nodes, epoch, 10);
            logs.Add(first.LogId);
            nodes.Alice.Handle(new ReplicatorInput.ForkProof(nodes.Alice.Link!.Value, first, SignFirst(nodes, epoch, 11)));
        }

        nodes.Settle();
        Assert.Equal(2, logs.Count(nodes.Alice.Disk.IsFrozen));

        // The store has answered: there is room again.
        nodes.Alice.Handle(new ReplicatorInput.ForkProof(nodes.Alice.Link!.Value, SignFirst(nodes, 104, 10), SignFirst(nodes, 104, 11)));
        nodes.Settle();
        Assert.Equal(3, logs.Count(nodes.Alice.Disk.IsFrozen));
    }

    [Fact]
    public void Many_links_together_name_no_more_than_all_may_and_who_names_few_still_can()
    {
        var nodes = new TwoNodes(new ReplicatorLimits());
        var limits = new ReplicatorLimits { LogsPerLink = 10, LogsNamed = 20 };
        var replicator = new Replicator(nodes.Alice.PeerId, limits, 0);
        List<ReplicatorOutput> outputs = [];
        replicator.Handle(
            TimeSpan.Zero,
            [.. Enumerable.Range(1, 4).SelectMany(link => new ReplicatorInput[]
            {
                new ReplicatorInput.LinkUp(new LinkId(link), nodes.Bob.PeerId, 1, 0, 0),
                new ReplicatorInput.Sharing(new LinkId(link), nodes.Conversation, null, On: true),
            })],
            outputs);
        replicator.Handle(TimeSpan.Zero, [new ReplicatorInput.HeadsLoaded(nodes.Conversation, [], null)], outputs);

        Assert.Equal(0, CountClosed(1, 1, 8));
        Assert.Equal(0, CountClosed(2, 11, 8));
        Assert.Equal(0, CountClosed(3, 21, 4));
        // All twenty are named: a link with less than its part may still name some, another may not.
        Assert.Equal(0, CountClosed(4, 31, 5));
        Assert.Equal(1, CountClosed(4, 41, 1));
        Assert.Equal(1, CountClosed(1, 9, 1));
        // Both are gone, and with them what they named.
        Assert.Equal(0, CountClosed(2, 19, 2));

        int CountClosed(int link, int firstEpoch, int count)
        {
            var heads = Enumerable.Range(firstEpoch, count).Select(epoch => new LogKey(nodes.Conversation, nodes.Bob.PeerId, (ulong)epoch))
                .Select(log => new LogHead(log, log.ToLogId(), new Head(1, log.ToLogId().Value))).ToList();
            outputs.Clear();
            replicator.Handle(TimeSpan.Zero, [new ReplicatorInput.Have(new LinkId(link), heads, null)], outputs);
            return outputs.Count(output => output is ReplicatorOutput.Close { Reason: CloseReason.TooManyLogs });
        }
    }

    [Fact]
    public void Who_says_again_and_again_that_it_takes_no_more_logs_is_heard_once()
    {
        var nodes = new TwoNodes(new ReplicatorLimits());
        nodes.Connect();
        var log = nodes.Alice.Append();
        for (var time = 0; time < 3; time++)
            nodes.Alice.Handle(new ReplicatorInput.Refuse(nodes.Alice.Link!.Value, log.LogId, RefuseReason.Quota));
        nodes.Settle();
        Assert.Equal(1, nodes.Alice.QuotasReachedThere);
    }

    private static SegmentHeader SignFirst(TwoNodes nodes, ulong epoch, int length)
    {
        var log = new LogKey(nodes.Conversation, nodes.Bob.PeerId, epoch);
        return nodes.Bob.Sign(log, log.ToLogId().Empty, length);
    }

    private static void TellOfNewLogs(TwoNodes nodes, ulong count)
    {
        for (var epoch = 1000ul; epoch < 1000 + count; epoch++)
        {
            var first = SignFirst(nodes, epoch, 10);
            nodes.Alice.Handle(new ReplicatorInput.Have(nodes.Alice.Link!.Value, [new LogHead(first.Log, first.LogId, first.Head)], null));
        }

        nodes.Settle();
    }

    private static void Restart(TwoNodes nodes)
    {
        nodes.Disconnect();
        nodes.Alice.Start();
        nodes.Bob.Start();
        nodes.Connect();
    }
}

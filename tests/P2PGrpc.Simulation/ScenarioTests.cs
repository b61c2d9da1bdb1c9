using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>Two replicators and what passes between them, frame by frame.</summary>
public sealed class ScenarioTests
{
    [Fact]
    public void The_first_message_is_told_wanted_sent_and_acknowledged_at_once()
    {
        var nodes = new TwoNodes();
        nodes.Connect();
        Assert.Equal("", nodes.TakeLines());
        var header = nodes.Alice.Append();
        Assert.Equal("alice: Have 1\nbob: Credit\nbob: Want 0\nalice: Segments 1\nbob: Have 1", nodes.TakeLines());
        Assert.Equal(header.Head, nodes.Alice.Acknowledged[header.LogId]);
    }

    [Fact]
    public void In_a_steady_state_a_segment_costs_one_frame_there_and_one_back()
    {
        var nodes = new TwoNodes();
        nodes.Connect();
        nodes.Alice.Append();
        nodes.TakeLines();
        for (var count = 2; count < 50; count++)
        {
            nodes.Alice.Append();
            Assert.Equal($"alice: Segments {count}\nbob: Have {count}", nodes.TakeLines());
        }
    }

    [Fact]
    public void Many_segments_go_in_few_frames_and_credit_comes_back_in_few()
    {
        var nodes = new TwoNodes();
        for (var count = 0; count < 200; count++)
            nodes.Alice.Append(5000);
        nodes.Connect();
        var lines = nodes.TakeLines().Split('\n');
        Assert.Equal(200, nodes.Bob.Disk.Feed.Count);
        Assert.InRange(lines.Count(line => line.StartsWith("alice: Segments", StringComparison.Ordinal)), 4, 8);
        Assert.InRange(lines.Count(line => line == "bob: Credit"), 2, 20);
    }

    [Fact]
    public void Offline_messages_arrive_on_connecting()
    {
        var nodes = new TwoNodes();
        nodes.Alice.Append();
        nodes.Alice.Append();
        nodes.Connect();
        Assert.Equal("alice: Have 2\nbob: Credit\nbob: Want 0\nalice: Segments 1,2\nbob: Have 1\nbob: Have 2", nodes.TakeLines());
    }

    [Fact]
    public void S5_What_was_written_before_a_restart_arrives_before_what_was_written_after_it()
    {
        var nodes = new TwoNodes();
        var written = new List<LogId>();
        for (var process = 0; process < 10; process++)
        {
            // More than one load each, so that logs sent side by side would interleave.
            for (var count = 0; count < 5; count++)
                written.Add(nodes.Alice.Append(100_000).LogId);
            nodes.Alice.Start();
        }

        nodes.Connect();
        Assert.Equal(written, nodes.Bob.Disk.Feed.Select(segment => segment.Header.LogId));
    }

    [Fact]
    public void A_second_reconnect_with_nothing_new_costs_nothing()
    {
        var nodes = new TwoNodes();
        nodes.Connect();
        nodes.Alice.Append();
        nodes.Bob.Append();
        nodes.Alice.Append();
        Reconnect(nodes);
        Reconnect(nodes);
        Assert.Equal("", nodes.TakeLines());
    }

    [Fact]
    public void A_reconnect_tells_only_the_logs_that_changed()
    {
        var nodes = new TwoNodes();
        for (var process = 0; process < 20; process++)
        {
            nodes.Alice.Append();
            nodes.Alice.Start();
        }

        nodes.Connect();
        Reconnect(nodes);
        nodes.Disconnect();
        nodes.TakeLines();
        nodes.Alice.Append();
        nodes.Connect();
        Assert.Equal("alice: Have 1\nbob: Want 0\nbob: Credit\nalice: Segments 1\nbob: Have 1".Split('\n').Order(), nodes.TakeLines().Split('\n').Order());
    }

    [Fact]
    public void A_lost_acknowledgement_is_repeated_on_the_next_link()
    {
        var nodes = new TwoNodes();
        nodes.Connect();
        nodes.Alice.Append();
        var header = nodes.Alice.Append();
        nodes.Alice.Acknowledged.Clear();
        nodes.Alice.Heard = 0;
        nodes.Bob.Start();
        nodes.Alice.LinkDown();
        nodes.Connect();
        Assert.Equal(header.Head, nodes.Alice.Acknowledged[header.LogId]);
    }

    [Fact]
    public void A_node_that_lost_its_own_old_log_gets_it_back_from_its_peer()
    {
        var nodes = new TwoNodes();
        nodes.Connect();
        var first = nodes.Alice.Append();
        nodes.Alice.Append();
        nodes.Disconnect();

        // A backup from before the second segment is put back, and a new process starts on it.
        var backup = new VirtualDisk();
        backup.TryWrite(first, new byte[10]);
        nodes.Alice.Disk = backup;
        nodes.Alice.Heard = 0;
        nodes.Alice.Start();
        nodes.Connect();
        Assert.Equal(nodes.Bob.Disk.HeadOf(first.LogId), nodes.Alice.Disk.HeadOf(first.LogId));
        Assert.Equal(2UL, nodes.Alice.Acknowledged[first.LogId].Sequence);
    }

    [Fact]
    public void A_full_disk_is_tried_again_after_a_while()
    {
        var nodes = new TwoNodes();
        nodes.Bob.Failure = StoreFailure.Full;
        nodes.Connect();
        nodes.Alice.Append();
        nodes.Alice.Append();
        Assert.Equal(0UL, nodes.Bob.Disk.LastPosition);
        nodes.TakeLines();
        nodes.Bob.Failure = null;
        nodes.Pass(TimeSpan.FromMilliseconds(500));
        Assert.Equal(0UL, nodes.Bob.Disk.LastPosition);
        nodes.Pass(TimeSpan.FromMilliseconds(600));
        Assert.Equal(2UL, nodes.Bob.Disk.LastPosition);
    }

    [Fact]
    public void L1_A_node_that_only_receives_takes_again_after_its_store_halted()
    {
        var nodes = new TwoNodes();
        nodes.Bob.Failure = StoreFailure.Halted;
        nodes.Connect();
        nodes.Alice.Append();
        nodes.Pass(TimeSpan.FromSeconds(10));
        Assert.Equal(0UL, nodes.Bob.Disk.LastPosition);
        nodes.Bob.Failure = null;
        nodes.Pass(TimeSpan.FromSeconds(2));
        Assert.Equal(1UL, nodes.Bob.Disk.LastPosition);
    }

    [Fact]
    public void Over_quota_is_refused_once_and_not_asked_for_again()
    {
        var nodes = new TwoNodes();
        nodes.Bob.Failure = StoreFailure.Quota;
        nodes.Connect();
        nodes.Alice.Append();
        Assert.Contains("bob: Refuse Quota", nodes.TakeLines(), StringComparison.Ordinal);
        nodes.Pass(TimeSpan.FromSeconds(1));
        nodes.TakeLines();
        nodes.Alice.Append();
        Assert.Equal("alice: Have 2", nodes.TakeLines());
    }

    [Fact]
    public void What_is_not_wanted_is_refused_and_comes_when_it_is()
    {
        var nodes = new TwoNodes();
        nodes.Bob.Handle(new ReplicatorInput.Interest(nodes.Conversation, nodes.Alice.PeerId, false));
        nodes.Connect();
        nodes.Alice.Append();
        Assert.Equal("alice: Have 1\nbob: Refuse Unwanted", nodes.TakeLines());
        nodes.Bob.Handle(new ReplicatorInput.Interest(nodes.Conversation, nodes.Alice.PeerId, true));
        nodes.Settle();
        Assert.Equal("bob: Close WantedAgain", nodes.TakeLines());
        nodes.Disconnect();
        nodes.Connect();
        Assert.Single(nodes.Bob.Disk.Feed);
    }

    /// <summary>S4: two segments at one place leave a proof on both sides, and the log stands still.</summary>
    [Fact]
    public void A_fork_is_proved_to_both_and_freezes_the_log()
    {
        var nodes = new TwoNodes();
        var log = new LogKey(nodes.Conversation, nodes.Alice.PeerId, 77);
        var logId = log.ToLogId();
        var one = nodes.Alice.Sign(log, logId.Empty, 10);
        var other = nodes.Alice.Sign(log, logId.Empty, 11);
        nodes.Alice.Disk.TryWrite(one, new byte[10]);
        nodes.Bob.Disk.TryWrite(other, new byte[11]);
        nodes.Alice.Start();
        nodes.Bob.Start();
        nodes.Connect();
        Assert.True(nodes.Alice.Disk.IsFrozen(logId));
        Assert.True(nodes.Bob.Disk.IsFrozen(logId));
        Assert.InRange(nodes.Lines.Count, 4, 10);
        nodes.Pass(TimeSpan.FromSeconds(5));
        Assert.Equal(one.Head, nodes.Alice.Disk.HeadOf(logId));
        Assert.Equal(other.Head, nodes.Bob.Disk.HeadOf(logId));
    }

    /// <summary>S4: the longer branch is never taken over the shorter one.</summary>
    [Fact]
    public void A_fork_below_the_head_is_proved_and_never_merged()
    {
        var nodes = new TwoNodes();
        var log = new LogKey(nodes.Conversation, nodes.Alice.PeerId, 77);
        var logId = log.ToLogId();
        var one = nodes.Alice.Sign(log, logId.Empty, 10);
        var other = nodes.Alice.Sign(log, logId.Empty, 11, count: 3);
        var next = nodes.Alice.Sign(log, other.Head, 12);
        nodes.Alice.Disk.TryWrite(one, new byte[10]);
        nodes.Bob.Disk.TryWrite(other, new byte[11]);
        nodes.Bob.Disk.TryWrite(next, new byte[12]);
        nodes.Alice.Start();
        nodes.Bob.Start();
        nodes.Connect();
        Assert.True(nodes.Alice.Disk.IsFrozen(logId));
        Assert.True(nodes.Bob.Disk.IsFrozen(logId));
        Assert.Equal(one.Head, nodes.Alice.Disk.HeadOf(logId));
    }

    [Fact]
    public void An_absurd_head_of_our_own_log_is_ignored()
    {
        var nodes = new TwoNodes();
        nodes.Connect();
        var header = nodes.Alice.Append();
        nodes.TakeLines();
        var absurd = new Head(LogLimits.Sequence - 1, header.Hash);
        nodes.Alice.Acknowledged.Clear();
        nodes.Alice.Handle(new ReplicatorInput.Have(nodes.Alice.Link!.Value, [new LogHead(header.Log, header.LogId, absurd)], null));
        nodes.Settle();
        Assert.Equal("", nodes.TakeLines());
        Assert.Empty(nodes.Alice.Acknowledged);
    }

    [Fact]
    public void More_than_was_credited_closes_the_link()
    {
        var nodes = new TwoNodes();
        nodes.Connect();
        var header = nodes.Bob.Sign(new LogKey(nodes.Conversation, nodes.Bob.PeerId, 5), default, 10);
        nodes.Alice.Handle(new ReplicatorInput.Segment(nodes.Alice.Link!.Value, header, new VirtualBody(new byte[10])));
        nodes.Settle();
        Assert.Equal("alice: Close CreditOverrun", nodes.TakeLines());
    }

    [Fact]
    public void Too_many_named_logs_close_the_link()
    {
        var nodes = new TwoNodes(new ReplicatorLimits { LogsPerLink = 3 });
        nodes.Connect();
        var heads = Enumerable.Range(1, 4).Select(epoch => new LogKey(nodes.Conversation, nodes.Bob.PeerId, (ulong)epoch))
            .Select(log => new LogHead(log, log.ToLogId(), new Head(1, log.ToLogId().Value))).ToList();
        nodes.Alice.Handle(new ReplicatorInput.Have(nodes.Alice.Link!.Value, heads, null));
        nodes.Settle();
        Assert.Contains("alice: Close TooManyLogs", nodes.TakeLines(), StringComparison.Ordinal);
    }

    private static void Reconnect(TwoNodes nodes)
    {
        nodes.Disconnect();
        nodes.TakeLines();
        nodes.Connect();
    }
}

using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;

namespace P2PGrpc.Simulation;

/// <summary>The single writer of one process: gathers writes, commits them together after a while, and says so a moment later.
/// A crash loses what was not committed, and the word of what was.</summary>
internal sealed class VirtualStore(Schedule schedule, Random random, TimeSpan slowestCommit, VirtualNode node)
{
    private readonly List<Write> waiting = [];
    private readonly int incarnation = node.Incarnation;
    private TimeSpan lastWord;
    private bool committing;

    private sealed record Write(SegmentHeader Header, byte[] Body, bool Own);

    public long Storing { get; private set; }

    public void Add(SegmentHeader header, byte[] body, bool own)
    {
        if (!own)
            Storing += header.Weight;
        waiting.Add(new Write(header, body, own));
        Commit();
    }

    private void Commit()
    {
        if (committing || waiting.Count == 0)
            return;
        committing = true;
        var group = waiting.ToList();
        waiting.Clear();
        AfterWhile(slowestCommit, () =>
        {
            committing = false;
            var written = group.Select(write => (write, node.DiskFull ? null : node.Disk.TryWrite(write.Header, write.Body))).ToList();
            var full = node.DiskFull;
            node.PersistHeard();
            var word = schedule.Now + TimeSpan.FromMilliseconds(random.Next(0, 3));
            lastWord = word > lastWord ? word : lastWord;
            schedule.At(lastWord, () => Say(written, full));
            Commit();
        });
    }

    private void Say(List<(Write Write, DiskSegment? Segment)> written, bool full)
    {
        if (node.Incarnation != incarnation)
            return;
        var inputs = new List<ReplicatorInput>();
        foreach (var (write, segment) in written)
        {
            var header = write.Header;
            if (!write.Own)
                Storing -= header.Weight;
            if (segment is not null)
                node.OnWritten(segment, write.Own);
            if (write.Own && segment is null)
                node.OnAppendFailed(header.Log.Conversation);
            else if (write.Own)
                inputs.Add(new ReplicatorInput.Appended(header.Log, header.LogId, header.Head, segment!.LastPosition));
            else if (segment is not null)
                inputs.Add(new ReplicatorInput.Stored(header.Log, header.LogId, header.Head, segment.LastPosition));
            else
                inputs.Add(new ReplicatorInput.StoreFailed(header.LogId, header.Head, full ? StoreFailure.Full : StoreFailure.Mismatch));
        }

        if (inputs.Count > 0)
            node.Handle(inputs);
    }

    private void AfterWhile(TimeSpan longest, Action action) =>
        schedule.After(TimeSpan.FromTicks(random.NextInt64(1, longest.Ticks + 1)), () =>
        {
            if (node.Incarnation == incarnation)
                action();
        });
}

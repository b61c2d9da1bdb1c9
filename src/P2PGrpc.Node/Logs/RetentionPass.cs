using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>One look at what is held: erases all that is due, from the oldest on. It ends where it is when its settings are no longer the ones in force: who was told
/// that more is kept must not lose a message to what was said before.</summary>
internal sealed class RetentionPass(LogStore store, RetentionSettings settings, Func<RetentionSettings> inForce, HeldBytes held)
{
    /// <summary>Rows read at a time, without their bodies: some milliseconds.</summary>
    public const int RowsPerPage = 1024;

    /// <summary>What one transaction erases: some milliseconds for the writer, and little of the write-ahead log, so that it fits where a full disk left some.</summary>
    private const int SegmentsPerStep = 64;
    private const long BytesPerStep = 1024 * 1024;

    private readonly Dictionary<long, LogOwner?> owners = [];
    private readonly List<DueSegment> step = [];
    private Undelivered undelivered = new(new Dictionary<LogId, UndeliveredLog>());
    private bool isOutdated;

    /// <summary>Bytes that could not be erased because nobody else holds them.</summary>
    public long UndeliveredBytes { get; private set; }

    /// <summary>Some of them may be acknowledged any moment.</summary>
    public bool MayBeAcknowledged { get; private set; }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // In this order: of all that lies before this position it is known whether somebody else holds it.
        var last = store.LastPosition;
        undelivered = store.ReadUndelivered();
        await EraseSparedAsync(cancellationToken).ConfigureAwait(false);
        var rule = new RetentionRule(settings, held.Read(), CountUndelivered(), days => store.FindOlderThan(TimeSpan.FromDays(days)));
        if (rule.FindStart() is not { } position)
            return;
        while (!isOutdated && position < last && rule.MayBeDueAfter(position))
        {
            var rows = store.ReadHeld(position, RowsPerPage);
            if (rows.Count == 0)
                break;
            foreach (var row in rows.TakeWhile(row => row.FirstPosition <= last))
                await JudgeAsync(rule, row, cancellationToken).ConfigureAwait(false);
            position = rows[^1].LastPosition;
        }

        await EraseAsync(cancellationToken).ConfigureAwait(false);
        if (isOutdated)
            return;
        foreach (var (conversation, done) in rule.FindDone(Math.Min(position, last)))
            held.Pass(conversation, done);
    }

    private async ValueTask JudgeAsync(RetentionRule rule, HeldRow row, CancellationToken cancellationToken)
    {
        if (row.Bytes is not { } bytes || FindOwner(row.Log) is not { } owner || !rule.IsDue(owner.Conversation, row.LastPosition))
            return;
        var spare = undelivered.Contains(owner.LogId, row.LastSequence);
        if (!spare)
            rule.Take(owner.Conversation, bytes);
        await AddAsync(new DueSegment(owner.Conversation, row.FirstPosition, row.LastPosition, bytes, spare ? Due.Spare : Due.Erase), cancellationToken)
            .ConfigureAwait(false);
    }

    /// <summary>What was spared is due; when somebody else holds it, it goes, unless its owner keeps all of the conversation by now.</summary>
    private async Task EraseSparedAsync(CancellationToken cancellationToken)
    {
        var after = 0ul;
        while (!isOutdated && store.ReadSpared(after, RowsPerPage) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
            {
                if (FindOwner(row.Log) is { } owner && settings.Limits(owner.Conversation) && !undelivered.Contains(owner.LogId, row.LastSequence))
                    await AddAsync(new DueSegment(owner.Conversation, row.FirstPosition, row.LastPosition, row.Bytes ?? 0, Due.Erase), cancellationToken)
                        .ConfigureAwait(false);
            }

            after = rows[^1].FirstPosition;
        }

        await EraseAsync(cancellationToken).ConfigureAwait(false);
    }

    private async ValueTask AddAsync(DueSegment due, CancellationToken cancellationToken)
    {
        step.Add(due);
        if (step.Count >= SegmentsPerStep || step.Sum(one => one.Bytes) >= BytesPerStep)
            await EraseAsync(cancellationToken).ConfigureAwait(false);
    }

    private async Task EraseAsync(CancellationToken cancellationToken)
    {
        // After the rows were read: all of them were there before the settings changed, if they do from here on.
        isOutdated = isOutdated || inForce() != settings;
        if (isOutdated)
            step.Clear();
        if (step.Count == 0)
            return;
        await store.EraseAsync(step.ToArray(), cancellationToken).ConfigureAwait(false);
        foreach (var due in step)
            held.Erase(due.Conversation, due.LastPosition, due.Due == Due.Erase ? due.Bytes : 0);
        step.Clear();
        await Task.Yield();
    }

    private Dictionary<ConversationId, long> CountUndelivered()
    {
        var bytes = new Dictionary<ConversationId, long>();
        foreach (var (log, own) in undelivered.Logs)
        {
            var count = store.CountBytes(log, own.Acknowledged);
            bytes[own.Conversation] = bytes.GetValueOrDefault(own.Conversation) + count;
            UndeliveredBytes += count;
            MayBeAcknowledged |= count > 0 && own.IsExpected;
        }

        return bytes;
    }

    private LogOwner? FindOwner(long log)
    {
        if (!owners.TryGetValue(log, out var owner))
            owners.Add(log, owner = store.FindOwner(log));
        return owner;
    }
}

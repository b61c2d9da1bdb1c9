using System.Threading.Channels;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Reads what this node holds at the end of a conversation, or before a position of its feed; 0 for the end.</summary>
internal delegate Task<RecalledStretch> ReadStretch(ConversationId conversation, ulong before, CancellationToken cancellationToken);

/// <summary>Looks ahead of replication on one link: what this node asks the other side, and what it answers it. In each direction there is one question at a time. Thread-safe.</summary>
internal sealed class LinkRecalls : IDisposable
{
    private readonly LinkSharing sharing;
    private readonly LinkOutbound outbound;
    private readonly ReadStretch read;
    private readonly TimeProvider time;
    private readonly AnnouncementRate rate;
    private readonly Lock gate = new();
    private readonly CancellationTokenSource ending = new();
    private readonly CancellationToken ended;

    // Holds one thing while a question is open: those that come then wait to put in theirs.
    private readonly Channel<bool> turn = Channel.CreateBounded<bool>(1);
    private (RecallQuestion Question, TaskCompletionSource<RecalledStretch?> Answer)? asked;
    private ulong lastNumber;
    private int answering;
    private int disposed;

    public LinkRecalls(LinkSharing sharing, LinkOutbound outbound, ReadStretch read, TimeProvider time)
    {
        (this.sharing, this.outbound, this.read, this.time) = (sharing, outbound, read, time);
        rate = new AnnouncementRate(LinkLimits.RecallsPerMinute, TimeSpan.FromMinutes(1), time);
        ended = ending.Token;
    }

    /// <summary>Asks the other side, when it is this question's turn. Null if it does not answer in time, or the link ends.</summary>
    public async Task<RecalledStretch?> AskAsync(ConversationId conversation, ulong before)
    {
        try
        {
            await turn.Writer.WriteAsync(true, ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            return null;
        }

        try
        {
            var answer = new TaskCompletionSource<RecalledStretch?>(TaskCreationOptions.RunContinuationsAsynchronously);
            var question = new RecallQuestion(conversation, before, ++lastNumber);
            lock (gate)
                asked = (question, answer);
            if (!outbound.TryAdd(RecallFrames.Write(question)))
                return null;
            return await answer.Task.WaitAsync(LinkLimits.RecallPatience, time, ended).ConfigureAwait(false);
        }
        catch (Exception unanswered) when (unanswered is TimeoutException or OperationCanceledException)
        {
            return null;
        }
        finally
        {
            lock (gate)
                asked = null;
            turn.Reader.TryRead(out _);
        }
    }

    /// <summary>Takes an answer. One that nobody waits for any more, or ever asked for, is dropped unread.</summary>
    /// <returns>False with a fault if it breaks the protocol.</returns>
    public bool TryTake(Recalled frame, out string fault)
    {
        fault = "";
        (RecallQuestion Question, TaskCompletionSource<RecalledStretch?> Answer) waiting;
        lock (gate)
        {
            if (asked is not { } open || open.Question.Number != frame.Number)
                return true;
            // One answer to each question: what comes besides costs nothing.
            waiting = open;
            asked = null;
        }

        if (RecallFrames.TryRead(frame, waiting.Question, sharing.Direct, out var stretch, out fault)
            && !stretch.Segments.All(segment => sharing.HasPlace(waiting.Question.Conversation, segment.Header.Log.Author)))
            fault = "a Recalled holds segments of an author who has no place in the conversation";
        if (fault.Length > 0)
        {
            waiting.Answer.TrySetResult(null);
            return false;
        }

        waiting.Answer.TrySetResult(sharing.Shared.Contains(waiting.Question.Conversation) ? stretch : null);
        return true;
    }

    /// <summary>Answers the other side beside the link's reader. A question about what is not shared, while another is being answered, or beyond the rate, is passed over: who asks
    /// does not wait for long.</summary>
    public void Answer(RecallQuestion question)
    {
        if (!sharing.Shared.Contains(question.Conversation) || Interlocked.CompareExchange(ref answering, 1, 0) != 0)
            return;
        if (rate.TryTake())
            _ = Task.Run(() => AnswerAsync(question));
        else
            Volatile.Write(ref answering, 0);
    }

    /// <summary>The link has ended: nobody waits any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) != 0)
            return;
        ending.Cancel();
        ending.Dispose();
    }

    private async Task AnswerAsync(RecallQuestion question)
    {
        RecalledStretch? stretch = null;
        try
        {
            stretch = await read(question.Conversation, question.Before, ended).ConfigureAwait(false);
        }
        catch (Exception unreadable) when (unreadable is StoreException or Microsoft.Data.Sqlite.SqliteException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // No answer: whoever asked does without, and replication, which needs the same data, says what is wrong.
        }
        finally
        {
            // Before the answer goes out: who has it may ask on at once.
            Volatile.Write(ref answering, 0);
        }

        if (stretch is not null && sharing.Shared.Contains(question.Conversation))
            outbound.SetRecalled(RecallFrames.Write(question, stretch));
    }
}

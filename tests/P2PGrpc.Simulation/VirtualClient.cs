using P2PGrpc.Core.Logs;

namespace P2PGrpc.Simulation;

/// <summary>What a node answers to a Send.</summary>
internal enum SendAnswer
{
    Accepted,

    /// <summary>Known not to be stored.</summary>
    Refused,

    /// <summary>The node failed meanwhile: it may be stored.</summary>
    Unknown,
}

/// <summary>A message on its way into a node's store.</summary>
/// <param name="Client">Who sent it.</param>
/// <param name="Attempt">Which of the client's calls this is.</param>
/// <param name="Conversation">Where it goes.</param>
/// <param name="Name">Its message_id.</param>
/// <param name="Padding">How many bytes it carries beside its name.</param>
internal sealed record VirtualDraft(VirtualClient Client, int Attempt, ConversationId Conversation, string Name, int Padding)
{
    private const char Separator = '|';

    public string Text => Name + Separator + new string('.', Padding);

    /// <summary>The name in a message's text.</summary>
    public static string ReadName(string text) => text[..text.IndexOf(Separator, StringComparison.Ordinal)];
}

/// <summary>A program that sends numbered messages to one conversation through one node, one after another. One that repeats sends a message under
/// its message_id until it is accepted (D3); another gives up at the first error.</summary>
internal sealed class VirtualClient(SimulationRun run, VirtualNode node, ConversationId conversation, string name, bool repeats)
{
    private readonly Queue<int> toSend = [];
    private string? current;
    private int padding;
    private int number;
    private int attempt;

    public VirtualNode Node => node;

    /// <summary>True if nothing waits to be sent or answered.</summary>
    public bool Idle => current is null && toSend.Count == 0;

    public void Send(int size)
    {
        toSend.Enqueue(size);
        Next();
    }

    public void OnAnswer(VirtualDraft draft, SendAnswer answer)
    {
        if (draft.Attempt != attempt || current is null)
            return;
        if (answer == SendAnswer.Accepted && !node.IsHostile)
            run.Ledger.NoteAccepted(conversation, current);
        if (answer == SendAnswer.Accepted || !repeats)
            Finish();
        else
            RetryLater();
    }

    /// <summary>The node crashed: whatever was under way is unknown.</summary>
    public void OnCrash()
    {
        if (current is null)
            return;
        if (repeats)
            RetryLater();
        else
            Finish();
    }

    /// <summary>An older database was put back, and with it the message_ids: a retry would be another message.</summary>
    public void GiveUp()
    {
        if (current is not null)
            Finish();
    }

    private void Finish()
    {
        attempt++;
        current = null;
        Next();
    }

    private void Next()
    {
        if (current is not null || !toSend.TryDequeue(out padding))
            return;
        current = $"{name}:{number++}";
        run.Ledger.NoteAttempted(conversation, current);
        Try();
    }

    private void RetryLater()
    {
        var waiting = ++attempt;
        run.Schedule.After(TimeSpan.FromMilliseconds(run.Random.Next(20, 500)), () =>
        {
            if (waiting == attempt && current is not null)
                Try();
        });
    }

    private void Try()
    {
        attempt++;
        if (node.Up)
            node.Send(new VirtualDraft(this, attempt, conversation, current!, padding));
        else
            RetryLater();
    }
}

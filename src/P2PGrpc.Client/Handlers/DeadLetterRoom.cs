using System.Runtime.CompilerServices;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>The room that holds dead letters, as the owner of its node sees it: what is open there, and what is said of it. Only what this node wrote counts, whoever else is in the
/// room. Thread-safe.</summary>
internal sealed class DeadLetterRoom(P2PGrpcClient client, string name)
{
    public const string DefaultName = "dead-letters";

    private const uint PageSize = 200;

    /// <summary>The room as a conversation.</summary>
    public string Conversation => $"#{name}";

    /// <summary>The dead letters that were neither replayed nor discarded, of all consumers, the newest first. None where there is no such room.</summary>
    public async IAsyncEnumerable<DeadLetter> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        // A mark stands after its letter, so going backwards it is met first.
        var resolved = new HashSet<string>(StringComparer.Ordinal);
        var request = new ListMessagesRequest { Conversation = Conversation, Author = "self", PageSize = PageSize };
        while (await client.ListMessagesAsync(request, cancellationToken) is { } page)
        {
            foreach (var message in ReceivedMessage.Read(page.Batches).Reverse())
            {
                if (message.Headers.TryGetValue(MessageHeaders.DeadLetterResolved, out var reference))
                    resolved.Add(reference);
                else if (DeadLetter.TryRead(message) is { } letter && !resolved.Remove(letter.Reference))
                    yield return letter;
            }
            if (page.Older.Length == 0)
                yield break;
            request.Before = page.Older;
        }
    }

    /// <summary>Marks a dead letter as done with.</summary>
    public Task ResolveAsync(DeadLetter letter, string how, CancellationToken cancellationToken) =>
        SendAsync(OutgoingMessage.FromText(how).WithHeaders((MessageHeaders.DeadLetterResolved, letter.Reference)), cancellationToken);

    /// <summary>Asks the service whose handler failed to run it once more.</summary>
    public Task AskForReplayAsync(DeadLetter letter, CancellationToken cancellationToken) =>
        SendAsync(OutgoingMessage.FromText("replay").WithHeaders((MessageHeaders.DeadLetterReplay, letter.Reference)), cancellationToken);

    /// <summary>Says that a replay that was asked for has failed: once for each asking, also after a crash.</summary>
    public Task TellOfFailureAsync(DeadLetter letter, ReceivedMessage asking, Exception fault, CancellationToken cancellationToken)
    {
        var text = BoundedText.Describe(fault);
        var message = OutgoingMessage.FromText(text).WithHeaders((MessageHeaders.DeadLetterReplayFailed, letter.Reference));
        return SendAsync(message with { MessageId = $"replay-failed-{asking.Reference}" }, cancellationToken);
    }

    private Task<SendReceipt> SendAsync(OutgoingMessage message, CancellationToken cancellationToken) =>
        client.SendAsync(Conversation, message, cancellationToken: cancellationToken);
}

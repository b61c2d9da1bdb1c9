using System.Runtime.CompilerServices;
using P2PGrpc.Protocol;

namespace P2PGrpc.Client;

/// <summary>
/// The dead letters of a client's handlers: a service that is added with them, keyed as the client is. Only those of this node and this consumer are shown,
/// whoever else is in their room. Thread-safe.
/// </summary>
public sealed class DeadLetters
{
    private readonly Lazy<HandlerSet> handlers;

    internal DeadLetters(Func<HandlerSet> find) => handlers = new Lazy<HandlerSet>(find);

    /// <summary>Those that were neither replayed nor discarded, the newest first. A page is read at a time, from the node's history.</summary>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public async IAsyncEnumerable<DeadLetter> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var (client, _, options, consumer, _, _) = handlers.Value;
        if (string.IsNullOrEmpty(options.DeadLetterRoom))
            yield break;
        // A mark stands after its letter, so going backwards it is met first.
        var resolved = new HashSet<string>(StringComparer.Ordinal);
        var request = new ListMessagesRequest { Conversation = $"#{options.DeadLetterRoom}", Author = "self", PageSize = 200 };
        while (await client.ListMessagesAsync(request, cancellationToken) is { } page)
        {
            foreach (var message in ReceivedMessage.Read(page.Batches).Reverse())
            {
                if (message.Headers.TryGetValue(MessageHeaders.DeadLetterResolved, out var reference))
                    resolved.Add(reference);
                else if (DeadLetter.TryRead(message) is { } letter && letter.Consumer == consumer && !resolved.Remove(letter.Reference))
                    yield return letter;
            }
            if (page.Older.Length == 0)
                yield break;
            request.Before = page.Older;
        }
    }

    /// <summary>
    /// Hands the message to its handler once more, in this process and beside the messages that come. If it succeeds, the dead letter is no longer listed.
    /// </summary>
    /// <param name="letter">The dead letter.</param>
    /// <param name="cancellationToken">Gives up; the handler is told.</param>
    /// <exception cref="InvalidOperationException">There is no handler of that name any more.</exception>
    /// <remarks>What the handler throws comes through; the dead letter then stays.</remarks>
    public async Task ReplayAsync(DeadLetter letter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(letter);
        var set = handlers.Value;
        var handler = set.Handlers.FirstOrDefault(handler => handler.Name == letter.Handler)
            ?? throw new InvalidOperationException($"There is no handler '{letter.Handler}' to replay {letter.Reference} with. There are: {string.Join(", ", set.Handlers.Select(one => one.Name))}.");
        await set.Runner.RunOnceAsync(handler, letter.Restore(), attempt: 1, cancellationToken);
        await ResolveAsync(letter, "replayed", cancellationToken);
    }

    /// <summary>Says that nothing more is to be done about a dead letter: it is no longer listed. It stays in the room.</summary>
    /// <param name="letter">The dead letter.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="P2PGrpcException">The node refused, could not be reached, or took too long.</exception>
    public Task DiscardAsync(DeadLetter letter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(letter);
        return ResolveAsync(letter, "discarded", cancellationToken);
    }

    private async Task ResolveAsync(DeadLetter letter, string how, CancellationToken cancellationToken)
    {
        var (client, _, options, _, _, _) = handlers.Value;
        var mark = OutgoingMessage.FromText(how).WithHeaders((MessageHeaders.DeadLetterResolved, letter.Reference));
        await client.SendAsync($"#{options.DeadLetterRoom}", mark, cancellationToken: cancellationToken);
    }
}

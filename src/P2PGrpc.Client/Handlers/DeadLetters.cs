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
    public IAsyncEnumerable<DeadLetter> ListAsync(CancellationToken cancellationToken = default)
    {
        var consumer = handlers.Value.Consumer;
        return FindRoom()?.ListAsync(cancellationToken).Where(letter => letter.Consumer == consumer) ?? AsyncEnumerable.Empty<DeadLetter>();
    }

    /// <summary>
    /// Hands the message to its handler once more, in this process and beside the messages that come. If it succeeds, the dead letter is no longer listed.
    /// </summary>
    /// <param name="letter">The dead letter.</param>
    /// <param name="cancellationToken">Gives up; the handler is told.</param>
    /// <exception cref="InvalidOperationException">There is no handler of that name any more, it does not take the message any more, or the dead letter is not complete. Nothing was run.</exception>
    /// <remarks>What the handler throws comes through; the dead letter then stays.</remarks>
    public async Task ReplayAsync(DeadLetter letter, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(letter);
        if (!letter.IsComplete)
            throw new InvalidOperationException(
                $"The dead letter {letter.Reference} does not hold the whole message {letter.MessageReference}, so it can't be replayed. Look at that one, and discard this.");
        var set = handlers.Value;
        var handler = set.Handlers.FirstOrDefault(handler => handler.Name == letter.Handler)
            ?? throw new InvalidOperationException($"There is no handler '{letter.Handler}' to replay {letter.Reference} with. There are: {string.Join(", ", set.Handlers.Select(one => one.Name))}.");
        var message = letter.Restore();
        // A handler that passes over it has not handled it.
        if (!handler.Accepts(message))
            throw new InvalidOperationException($"The handler '{letter.Handler}' does not take {letter.MessageReference}, as it is set now: nothing was done about {letter.Reference}.");
        await set.Runner.RunOnceAsync(handler, message, attempt: 1, cancellationToken);
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

    private Task ResolveAsync(DeadLetter letter, string how, CancellationToken cancellationToken) => FindRoom() is { } room
        ? room.ResolveAsync(letter, how, cancellationToken)
        : throw new InvalidOperationException("The handlers have no room for dead letters: DeadLetterRoom is empty.");

    private DeadLetterRoom? FindRoom() =>
        handlers.Value is { Client: var client, Options.DeadLetterRoom: { Length: > 0 } room } ? new DeadLetterRoom(client, room) : null;
}

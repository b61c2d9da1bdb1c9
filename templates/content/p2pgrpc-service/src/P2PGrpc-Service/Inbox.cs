using System.Collections.Concurrent;

namespace P2PGrpc_Service;

/// <summary>A message as this service shows it.</summary>
/// <param name="From">The alias of the node that sent it.</param>
/// <param name="Text">What it says.</param>
public sealed record InboxMessage(string From, string Text);

/// <summary>The messages that have come since the start. Thread-safe.</summary>
public sealed class Inbox
{
    private readonly ConcurrentQueue<InboxMessage> messages = new();

    public IReadOnlyCollection<InboxMessage> Messages => messages;

    public void Add(InboxMessage message) => messages.Enqueue(message);
}

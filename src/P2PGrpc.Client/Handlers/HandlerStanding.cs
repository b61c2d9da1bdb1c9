using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;

namespace P2PGrpc.Client;

/// <summary>How the handlers of a client stand: whether they get messages, what they are at, and what can't be written; for its health. Thread-safe.</summary>
internal sealed class HandlerStanding(HandlingsUnderWay handlings)
{
    private readonly ConcurrentDictionary<string, string> unwritten = new(StringComparer.Ordinal);
    private volatile Exception? fault;
    private volatile bool hasRead;

    /// <summary>Whether the node has answered their subscription once: from then on it knows the consumer.</summary>
    public bool HasRead => hasRead;

    /// <summary>Why they get none; null while they do.</summary>
    public Exception? Fault
    {
        get => fault;
        set => fault = value;
    }

    /// <summary>What they are at.</summary>
    public HandlingsUnderWay Handlings => handlings;

    public static HandlerStanding From(IServiceProvider services) =>
        new(new HandlingsUnderWay(services.GetService<TimeProvider>() ?? TimeProvider.System, HandlerSet.FindLogger(services)));

    /// <summary>The node has answered: they get their messages.</summary>
    public void Succeed()
    {
        fault = null;
        hasRead = true;
    }

    /// <summary>The dead letter of a message can't be written now, so that it holds up those behind it.</summary>
    public void NoteUnwritten(string reference, string why) => unwritten[reference] = why;

    /// <summary>That is over, in one way or the other.</summary>
    public void ForgetUnwritten(string reference) => unwritten.TryRemove(reference, out _);

    /// <summary>Says why messages are not handled though they come; null if all is well.</summary>
    public string? FindHoldUp()
    {
        foreach (var (reference, why) in unwritten)
            return $"The dead letter of message {reference} can't be written: {why}";
        return handlings.FindLong();
    }
}

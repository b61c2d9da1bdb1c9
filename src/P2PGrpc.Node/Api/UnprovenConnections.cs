using Microsoft.AspNetCore.Connections;

namespace P2PGrpc.Node.Api;

/// <summary>The TCP connections that have not yet made a call with the token. Whoever can reach the endpoint can open as many as it likes: only so many
/// are kept, and a new one takes the place of the oldest. So they can't use up the endpoint's connections, and a program with the token,
/// which shows it at once, always comes in. Thread-safe.</summary>
internal sealed class UnprovenConnections
{
    /// <summary>Connections without a token that are kept: far more than programs that connect at the same moment, far fewer than the endpoint has.</summary>
    private const int Most = 256;

    private readonly Lock gate = new();
    private readonly LinkedList<ConnectionContext> waiting = [];

    /// <summary>The connection's middleware.</summary>
    public async Task InvokeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var place = Enter(connection);
        connection.Features.Set(new ConnectionStanding(() => Leave(place)));
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            Leave(place);
        }
    }

    private LinkedListNode<ConnectionContext> Enter(ConnectionContext connection)
    {
        ConnectionContext? oldest = null;
        LinkedListNode<ConnectionContext> place;
        lock (gate)
        {
            if (waiting.Count >= Most)
            {
                oldest = waiting.First!.Value;
                waiting.RemoveFirst();
            }

            place = waiting.AddLast(connection);
        }

        oldest?.Abort(new ConnectionAbortedException("Too many connections without the token; this was the oldest."));
        return place;
    }

    private void Leave(LinkedListNode<ConnectionContext> place)
    {
        lock (gate)
        {
            if (place.List is not null)
                waiting.Remove(place);
        }
    }
}

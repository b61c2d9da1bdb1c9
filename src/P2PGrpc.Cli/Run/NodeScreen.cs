using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Run;

/// <summary>Shows a running node's messages and events, which two tasks bring, one after the other.</summary>
internal sealed class NodeScreen(Surroundings surroundings, bool json, string nodeOptions)
{
    private readonly Lock gate = new();
    private readonly MessageLines messageLines = new(surroundings.Time, $"p2pgrpc tail --own --from start --json{nodeOptions}");
    private readonly EventLines eventLines = new(new MessageLines(surroundings.Time), nodeOptions);

    public void Show(ReceivedMessage message)
    {
        lock (gate)
        {
            if (json)
            {
                surroundings.Write(JsonLines.Message(message));
                return;
            }
            foreach (var line in messageLines.Create(message))
                surroundings.Write(line);
        }
    }

    public void Show(ErasedMessages erased)
    {
        lock (gate)
        {
            if (json)
                surroundings.Write(JsonLines.Erased(erased));
            else
                surroundings.Write(MessageLines.CreateErased(erased));
        }
    }

    public void Show(WatchEventsResponse response)
    {
        lock (gate)
        {
            if (json)
                surroundings.Write(JsonLines.Event(response));
            // Under load each batch is confirmed: people see messages and links, 'events' shows the rest.
            else if (response.EventCase != WatchEventsResponse.EventOneofCase.Delivered)
                surroundings.Write(eventLines.Create(response));
        }
    }
}

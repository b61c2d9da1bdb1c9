using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;

namespace P2PGrpc_Service;

/// <summary>Puts what comes into the inbox. The node remembers under this reader's name how far it is, so after a restart it goes on there.</summary>
public sealed class InboxReader(INode node, Inbox inbox) : BackgroundService
{
    private const string Consumer = "inbox";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await node.Started.WaitAsync(stoppingToken);
        var request = new SubscribeRequest { Consumer = Consumer, StartAt = StartAt.Start };
        await foreach (var response in node.SubscribeAsync(request, stoppingToken))
        {
            foreach (var batch in response.Batches)
                foreach (var entry in batch.Messages.Where(entry => entry.Content is not null))
                    inbox.Add(new InboxMessage(batch.Alias, entry.Content.Text));
            if (response.Cursor is { } cursor)
                await node.AcknowledgeAsync(Consumer, cursor, stoppingToken);
        }
    }
}

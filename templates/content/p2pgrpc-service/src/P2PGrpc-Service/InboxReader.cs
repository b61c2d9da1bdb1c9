using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;

namespace P2PGrpc_Service;

/// <summary>Puts what comes into the inbox. The node remembers under this reader's name how far it is, so after a restart it goes on there.</summary>
public sealed partial class InboxReader(INode node, Inbox inbox, TimeProvider time, ILogger<InboxReader> logger) : BackgroundService
{
    private const string Consumer = "inbox";

    // Long enough that two readers of one name, which take it from each other, do so seldom.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(5);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await node.Started.WaitAsync(stoppingToken);
        while (true)
        {
            try
            {
                await ReadAsync(stoppingToken);
            }
            catch (NodeRequestException refused)
            {
                // Another reader took the name over, or a part of the database is damaged: neither must stop the service.
                LogRefused(logger, refused.Reason, refused.Message);
            }

            await Task.Delay(Pause, time, stoppingToken);
        }
    }

    private async Task ReadAsync(CancellationToken stoppingToken)
    {
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

    [LoggerMessage(Level = LogLevel.Warning, Message = "The inbox gets no messages now ({Reason}): {Error} It is tried again.")]
    private static partial void LogRefused(ILogger logger, string reason, string error);
}

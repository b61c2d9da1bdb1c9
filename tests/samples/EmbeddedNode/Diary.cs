using Microsoft.Extensions.Hosting;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;

namespace EmbeddedNode;

/// <summary>Writes a message to itself through the node of this process, and reads it back.</summary>
internal sealed class Diary(INode node) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await node.Started.WaitAsync(stoppingToken);
        Console.WriteLine($"this node is {node.Address}");
        var receipt = await node.SendAsync(new SendRequest { To = "self", Text = "dear diary" }, stoppingToken);
        Console.WriteLine($"written: {receipt.Reference}");
        var request = new SubscribeRequest { StartAt = StartAt.Start, IncludeOwn = true };
        await foreach (var response in node.SubscribeAsync(request, stoppingToken))
        {
            // An entry without content is one that could not be read; it only keeps its place.
            foreach (var entry in response.Batches.SelectMany(batch => batch.Messages).Where(entry => entry.Content is not null))
                Console.WriteLine($"read: {entry.Content.Text.Length} characters");
        }
    }
}

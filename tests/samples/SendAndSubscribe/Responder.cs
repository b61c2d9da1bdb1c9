using Microsoft.Extensions.Hosting;
using P2PGrpc.Client;

namespace SendAndSubscribe;

/// <summary>
/// Answers every text. What it has handled it acknowledges under its own name, so after a restart it goes on where it was; the answer's
/// message_id is made of the question's reference, so a question that is handled twice is still answered once.
/// </summary>
internal sealed class Responder(P2PGrpcClient client) : BackgroundService
{
    private const string Consumer = "sample-responder";

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var settings = new SubscribeSettings { Consumer = Consumer };
        await foreach (var message in client.SubscribeAsync(settings, stoppingToken))
        {
            Console.WriteLine($"received from {message.Alias}: {message.Text?.Length ?? message.Data.Length} long");
            if (message is { Text: not null, Cursor: { } cursor })
            {
                if (!message.Headers.ContainsKey("answers"))
                    await AnswerAsync(message, stoppingToken);
                await client.AcknowledgeAsync(Consumer, cursor, stoppingToken);
            }
        }
    }

    private async Task AnswerAsync(ReceivedMessage message, CancellationToken cancellationToken)
    {
        var answer = OutgoingMessage.FromText($"you said: {message.Text}").WithHeader("answers", message.Reference) with
        {
            MessageId = $"answer-{message.Reference}",
        };
        await client.SendAsync(message.Author, answer, cancellationToken: cancellationToken);
    }
}

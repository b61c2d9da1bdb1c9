using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Client;

namespace PriceRequests;

/// <summary>Asks another service for a price. The wait lives through restarts of the nodes on both sides, since question and answer are durable messages.</summary>
internal sealed class Asker(P2PGrpcClient client, IConfiguration configuration) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (configuration["Ask"] is not { Length: > 0 } whom)
            return;
        try
        {
            var price = await client.RequestAsync<PriceQuestion, Price>(whom, new PriceQuestion(configuration["Item"] ?? "tea"), cancellationToken: stoppingToken);
            Console.WriteLine($"it costs {price.Cents} cents");
        }
        catch (RemoteRequestException refused)
        {
            Console.WriteLine($"no answer: {refused.Reason}: {refused.Message}");
        }
    }
}

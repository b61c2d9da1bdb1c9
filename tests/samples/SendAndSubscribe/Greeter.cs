using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Client;

namespace SendAndSubscribe;

/// <summary>Sends one message, and waits until it is on the recipient's disk.</summary>
internal sealed class Greeter(P2PGrpcClient client, IConfiguration configuration) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var to = configuration["To"] ?? "self";
        var text = configuration["Text"] ?? "hello";
        var receipt = await client.SendAsync(to, text, new SendSettings { WaitForDelivery = true }, stoppingToken);
        Console.WriteLine($"sent {receipt.Reference}: {receipt.State}");
    }
}

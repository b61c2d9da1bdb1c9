using Microsoft.EntityFrameworkCore.Storage;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Client;

namespace OutboxEntityFramework;

/// <summary>Takes one order. Either it is in the database and the message goes out, or neither.</summary>
internal sealed class Shop(IServiceScopeFactory scopes, MessageOutbox outbox, IConfiguration configuration) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var context = scope.ServiceProvider.GetRequiredService<OrdersContext>();
        await using var transaction = await context.Database.BeginTransactionAsync(stoppingToken);
        var order = new Order { Article = "a chair" };
        context.Orders.Add(order);
        await context.SaveChangesAsync(stoppingToken);
        await outbox.AddAsync(transaction.GetDbTransaction(), configuration["To"] ?? "self", order, stoppingToken);
        await transaction.CommitAsync(stoppingToken);
        Console.WriteLine($"order {order.Id} is taken");
    }
}

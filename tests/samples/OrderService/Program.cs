using System.Collections.Concurrent;
using OrderService;
using P2PGrpc.Client;
using P2PGrpc.Protocol;

// A web service that takes orders and hands them to another one, by the node beside it. What the other one orders, it lists.
var builder = WebApplication.CreateBuilder(args);
var received = new ConcurrentQueue<Order>();
builder.Services.AddP2PGrpcClient(builder.Configuration.GetSection("Node"))
    .OnMessage<Order>((order, _) =>
    {
        received.Enqueue(order);
        return Task.CompletedTask;
    })
    // Orders that come before this service has run for the first time are orders, too.
    .ConfigureHandlers(options => options.StartAt = StartAt.Start);
builder.Services.AddHealthChecks().AddP2PGrpcClient();

var service = builder.Build();
service.MapHealthChecks("/healthz");
service.MapGet("/orders", () => received);
service.MapPost("/orders", async (Order order, P2PGrpcClient client, IConfiguration configuration, CancellationToken cancellationToken) =>
{
    try
    {
        // When this returns the order is on the node's disk: it gets there, whatever fails from here on.
        var receipt = await client.SendAsync(configuration["To"] ?? "self", order, cancellationToken: cancellationToken);
        return Results.Accepted(value: receipt.Reference);
    }
    catch (P2PGrpcException fault) when (fault.IsTransient)
    {
        // 504 where the order may have been taken all the same.
        return Results.Problem(fault.Message, statusCode: fault.MayHaveHappened ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status503ServiceUnavailable);
    }
});
await service.RunAsync();

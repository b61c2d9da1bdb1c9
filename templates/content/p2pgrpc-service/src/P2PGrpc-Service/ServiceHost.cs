#if (isNode)
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;
#else
using P2PGrpc.Client;
using P2PGrpc.Protocol;
#endif

namespace P2PGrpc_Service;

/// <summary>What is posted to this service.</summary>
/// <param name="Text">What to send.</param>
public sealed record NewMessage(string? Text);

/// <summary>Puts the service together, for the program and for its tests.</summary>
public static class ServiceHost
{
    public static WebApplicationBuilder CreateBuilder(string[] args)
    {
        var builder = WebApplication.CreateBuilder(args);
        builder.Services.AddSingleton<Inbox>();
#if (isNode)
        builder.Services.AddP2PGrpcNode(options =>
        {
            options.Api = "off";
            builder.Configuration.GetSection("Node").Bind(options);
        });
        builder.Services.AddHostedService<InboxReader>();
        builder.Services.AddHealthChecks().AddP2PGrpcNode();
#else
        builder.Services.AddP2PGrpcClient(builder.Configuration.GetSection("Node"))
            .OnMessage<string>((text, context, _) =>
            {
                context.Services.GetRequiredService<Inbox>().Add(new InboxMessage(context.Message.Alias, text));
                return Task.CompletedTask;
            })
            .ConfigureHandlers(options => options.StartAt = StartAt.Start);
        builder.Services.AddHealthChecks().AddP2PGrpcClient();
#endif
        return builder;
    }

    public static WebApplication Build(WebApplicationBuilder builder)
    {
        var service = builder.Build();
        service.MapHealthChecks("/healthz");
        service.MapGet("/messages", (Inbox inbox) => inbox.Messages);
        service.MapPost("/messages/{to}", SendAsync);
        return service;
    }

#if (isNode)
    private static async Task<IResult> SendAsync(string to, NewMessage message, INode node, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(message.Text))
            return Results.Problem("The body is a JSON object with a text, {\"text\": \"…\"}.", title: "TEXT_MISSING", statusCode: StatusCodes.Status400BadRequest);
        try
        {
            // When this returns, the message is on disk: it gets there, whatever fails from here on.
            var sent = await node.SendAsync(new SendRequest { To = to, Text = message.Text }, cancellationToken);
            return Results.Accepted(value: sent.Reference);
        }
        catch (NodeRequestException refused)
        {
            return Results.Problem(refused.Message, title: refused.Reason, statusCode: StatusCodes.Status422UnprocessableEntity);
        }
    }
#else
    private static async Task<IResult> SendAsync(string to, NewMessage message, P2PGrpcClient client, CancellationToken cancellationToken)
    {
        if (string.IsNullOrEmpty(message.Text))
            return Results.Problem("The body is a JSON object with a text, {\"text\": \"…\"}.", title: "TEXT_MISSING", statusCode: StatusCodes.Status400BadRequest);
        try
        {
            // When this returns, the message is on the node's disk: it gets there, whatever fails from here on.
            var sent = await client.SendAsync(to, message.Text, cancellationToken: cancellationToken);
            return Results.Accepted(value: sent.Reference);
        }
        catch (P2PGrpcException fault)
        {
            // Out of time: the node may have the message all the same.
            var status = !fault.IsTransient ? StatusCodes.Status422UnprocessableEntity
                : fault.MayHaveHappened ? StatusCodes.Status504GatewayTimeout : StatusCodes.Status503ServiceUnavailable;
            return Results.Problem(fault.Message, title: fault.Reason, statusCode: status);
        }
    }
#endif
}

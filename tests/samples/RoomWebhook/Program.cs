using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Client;
using RoomWebhook;

// A bridge from a room to a webhook: whatever is said in the room is posted there.
var builder = Host.CreateApplicationBuilder(args);
var settings = builder.Configuration.GetSection("Webhook").Get<WebhookSettings>()
    ?? throw new InvalidOperationException("Say where to post: --Webhook:Url=https://… --Webhook:Secret=… --Webhook:Room=#ops");
builder.Services.AddSingleton(settings);
builder.Services.AddSingleton(TimeProvider.System);
builder.Services.AddSingleton(new HttpClient { Timeout = TimeSpan.FromSeconds(10) });
builder.Services.AddP2PGrpcClient(builder.Configuration.GetSection("Node"))
    .AddHandler<WebhookHandler>(new MessageHandlerSettings { Room = settings.Room })
    .ConfigureHandlers(options =>
    {
        options.Conversation = settings.Room;
        // A webhook that is down for hours is no reason to give up on a message: with pauses of up to 30 s these are about eight hours.
        options.MaxAttempts = 1000;
    })
    .ConfigureHandlers(builder.Configuration.GetSection("Handlers"));
await builder.Build().RunAsync();

// A warehouse: it packs what was ordered, and answers how much there is of something.
//
//   dotnet run --project tests/samples/MessageHandlers -- --Node:DataDirectory=$HOME/alice

using System.Text.Json;
using MessageHandlers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Client;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddP2PGrpcClient(builder.Configuration.GetSection("Node"))
    .UseJson(new JsonSerializerOptions(JsonSerializerDefaults.Web) { TypeInfoResolver = WarehouseJson.Default })
    .ConfigureHandlers(builder.Configuration.GetSection("Handlers"))
    .AddHandler<Packer, OrderPlaced>()
    .OnRequest<StockQuestion, StockAnswer>((question, _) => question.Article == "chair"
        ? Task.FromResult(new StockAnswer(question.Article, 3))
        : throw new RequestRejectedException("ARTICLE_UNKNOWN", $"There is no {question.Article} here."))
    .OnMessage<string>(
        (text, _) =>
        {
            Console.WriteLine($"the staff says: {text}");
            return Task.CompletedTask;
        },
        new MessageHandlerSettings { Room = "#staff" });
builder.Services.AddHealthChecks().AddP2PGrpcClient();
await builder.Build().RunAsync();

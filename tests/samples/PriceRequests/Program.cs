using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using PriceRequests;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddP2PGrpcClient(builder.Configuration.GetSection("Node"))
    .OnRequest<PriceQuestion, Price>((question, _) => Task.FromResult(Prices.Find(question)))
    .ConfigureHandlers(builder.Configuration.GetSection("Handlers"));
builder.Services.AddHostedService<Asker>();
await builder.Build().RunAsync();

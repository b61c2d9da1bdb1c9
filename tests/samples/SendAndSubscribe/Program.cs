// A service that talks through a node on this machine: it sends one message, and answers every text that arrives.
//
//   dotnet run --project tests/samples/SendAndSubscribe -- --Node:DataDirectory=$HOME/alice --To=bob --Text=hello

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using SendAndSubscribe;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddP2PGrpcClient(options => builder.Configuration.GetSection("Node").Bind(options));
builder.Services.AddHostedService<Greeter>();
builder.Services.AddHostedService<Responder>();
await builder.Build().RunAsync();

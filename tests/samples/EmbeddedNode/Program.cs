// A program that is a node itself: no second process, no client endpoint, no gRPC hop between the program and its node.
//
//   dotnet run --project tests/samples/EmbeddedNode -- --Node:DataDirectory=/tmp/dora --Node:Listen=127.0.0.1:5560

using EmbeddedNode;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using P2PGrpc.Node.Hosting;

var builder = Host.CreateApplicationBuilder(args);
builder.Services.AddP2PGrpcNode(options =>
{
    options.Name = "dora";
    options.Api = "off";
    builder.Configuration.GetSection("Node").Bind(options);
});
builder.Services.AddHostedService<Diary>();
await builder.Build().RunAsync();

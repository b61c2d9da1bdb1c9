// A shop that tells others of its orders, by plain ADO.NET: the order and the message about it are one transaction.
//
//   dotnet run --project tests/samples/OutboxAdoNet -- --Node:DataDirectory=$HOME/alice --To=bob --ConnectionStrings:Orders="Data Source=orders.db"

using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OutboxAdoNet;
using P2PGrpc.Client;

var builder = Host.CreateApplicationBuilder(args);
var orders = builder.Configuration.GetConnectionString("Orders");
builder.Services.AddScoped(_ => new SqliteConnection(orders));
builder.Services.AddP2PGrpcClient(builder.Configuration.GetSection("Node"))
    .AddOutbox(OutboxDialect.Sqlite, _ => new SqliteConnection(orders));
builder.Services.AddHostedService<Shop>();
await builder.Build().RunAsync();

// A shop that tells others of its orders, with Entity Framework Core: the order and the message about it are one transaction.
//
//   dotnet run --project tests/samples/OutboxEntityFramework -- --Node:DataDirectory=$HOME/alice --To=bob --ConnectionStrings:Orders="Data Source=orders.db"

using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using OutboxEntityFramework;
using P2PGrpc.Client;

var builder = Host.CreateApplicationBuilder(args);
var orders = builder.Configuration.GetConnectionString("Orders");
builder.Services.AddDbContext<OrdersContext>(options => options.UseSqlite(orders));
builder.Services.AddP2PGrpcClient(builder.Configuration.GetSection("Node"))
    .AddOutbox(OutboxDialect.Sqlite, _ => new SqliteConnection(orders));
builder.Services.AddHostedService<Shop>();
var host = builder.Build();
await using (var scope = host.Services.CreateAsyncScope())
{
    var database = scope.ServiceProvider.GetRequiredService<OrdersContext>().Database;
    await database.EnsureCreatedAsync();
    await database.ExecuteSqlRawAsync(host.Services.GetRequiredService<MessageOutbox>().CreateTableSql);
}
await host.RunAsync();

using Microsoft.EntityFrameworkCore;

namespace OutboxEntityFramework;

/// <summary>The shop's database.</summary>
internal sealed class OrdersContext(DbContextOptions<OrdersContext> options) : DbContext(options)
{
    public DbSet<Order> Orders => Set<Order>();
}

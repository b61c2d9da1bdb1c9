namespace OutboxEntityFramework;

/// <summary>An order, as it stands in the database and as others are told of it.</summary>
internal sealed class Order
{
    public long Id { get; set; }

    public required string Article { get; set; }
}

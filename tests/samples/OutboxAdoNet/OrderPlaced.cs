namespace OutboxAdoNet;

/// <summary>What others are told of an order.</summary>
internal sealed record OrderPlaced(long Number, string Article);

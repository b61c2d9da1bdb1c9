namespace OrderService;

/// <summary>What goes from one service to the other, as JSON.</summary>
internal sealed record Order(string Item, int Count);

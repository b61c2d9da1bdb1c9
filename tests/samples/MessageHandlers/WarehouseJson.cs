using System.Text.Json.Serialization;

namespace MessageHandlers;

/// <summary>An order, as a shop tells of it.</summary>
internal sealed record OrderPlaced(long Number, string Article);

/// <summary>Asks how much there is of an article.</summary>
internal sealed record StockQuestion(string Article);

/// <summary>Says how much.</summary>
internal sealed record StockAnswer(string Article, int Count);

/// <summary>How these are read and written, found out when compiling: nothing is reflected upon when running.</summary>
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(StockQuestion))]
[JsonSerializable(typeof(StockAnswer))]
internal sealed partial class WarehouseJson : JsonSerializerContext;

using P2PGrpc.Client;

namespace PriceRequests;

/// <summary>A question.</summary>
internal sealed record PriceQuestion(string Item);

/// <summary>Its answer, in cents.</summary>
internal sealed record Price(int Cents);

/// <summary>What things cost.</summary>
internal static class Prices
{
    public static Price Find(PriceQuestion question) => question.Item switch
    {
        "tea" => new Price(250),
        "coffee" => new Price(320),
        _ => throw new RequestRejectedException("ITEM_UNKNOWN", $"There is no {question.Item} here."),
    };
}

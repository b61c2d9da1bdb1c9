namespace P2PGrpc.Node.Delivery;

/// <summary>Limits of subscriptions, each with its reason.</summary>
internal static class DeliveryLimits
{
    /// <summary>Segments read at a time: at human speed one holds a single message.</summary>
    public const int SegmentsPerPage = 512;

    /// <summary>Bytes read at a time: several full segments, and well below a client's default limit of 4 MiB.</summary>
    public const int PageBytes = 1024 * 1024;

    /// <summary>How long a subscription waits for a damaged segment that linked peers are asked for. A peer that holds it answers within a round trip;
    /// whoever waits in vain is told.</summary>
    public static readonly TimeSpan RepairPatience = TimeSpan.FromSeconds(5);

    /// <summary>Characters of a consumer's name.</summary>
    public const int ConsumerNameLength = 64;

    /// <summary>Subscriptions at one time: each holds a page of messages and a reader.</summary>
    public const int Subscriptions = 1000;
}

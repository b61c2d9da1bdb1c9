using System.Globalization;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>What holds under every abuse (V1, L3), and how long each lasts.</summary>
internal static class AbuseLimits
{
    /// <summary>The most resident memory of a node, in MiB.</summary>
    public const int Memory = 512;

    /// <summary>The p99 of honest peers.</summary>
    public static readonly TimeSpan Latency = TimeSpan.FromSeconds(1);

    /// <summary>What one peer may add to what others wait (L3).</summary>
    public static readonly TimeSpan Delay = TimeSpan.FromMilliseconds(100);

    /// <summary>P2PGRPC_ABUSE_SECONDS sets how long each attack lasts.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(
        double.TryParse(Environment.GetEnvironmentVariable("P2PGRPC_ABUSE_SECONDS"), CultureInfo.InvariantCulture, out var seconds) ? seconds : 1.5);
}

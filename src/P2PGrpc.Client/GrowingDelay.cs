using System.Security.Cryptography;

namespace P2PGrpc.Client;

/// <summary>Pauses that double up to a longest one, up to half of each left away at random.</summary>
internal sealed class GrowingDelay(TimeSpan first, TimeSpan longest)
{
    private TimeSpan? last;

    public TimeSpan Next()
    {
        last = last is not { } before ? first : before * 2 < longest ? before * 2 : longest;
        return last.Value * (0.5 + RandomNumberGenerator.GetInt32(501) / 1000.0);
    }

    /// <summary>Something went well: the next series begins with the first pause.</summary>
    public void Reset() => last = null;
}

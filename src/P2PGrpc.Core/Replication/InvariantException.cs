using System.Diagnostics.CodeAnalysis;

namespace P2PGrpc.Core.Replication;

/// <summary>A rule of the replicator's own contract was broken: by a fault in it, or by a shell that does not keep its side.
/// Nothing that a peer sends may cause it.</summary>
internal sealed class InvariantException(string message) : Exception(message)
{
    public static void Check([DoesNotReturnIf(false)] bool holds, string invariant)
    {
        if (!holds)
            throw new InvariantException(invariant);
    }
}

namespace P2PGrpc.Core.Identity;

/// <summary>What it costs to try one passphrase: Argon2id's memory in KiB, and its passes over it.</summary>
internal readonly record struct SealingCost(long Memory, long Passes)
{
    private const long LeastMemory = 8;
    private const long MostMemory = 4 * 1024 * 1024;
    private const long MostPasses = 100;

    /// <summary>A quarter of a gigabyte, three times over: about a second on the machines that nodes run on, and dear to whoever tries many.</summary>
    public static SealingCost Default { get; } = new(256 * 1024, 3);

    /// <summary>Within what a sealed key may ask for: a file of somebody else's must not take all memory.</summary>
    public bool IsSane => Memory is >= LeastMemory and <= MostMemory && Passes is >= 1 and <= MostPasses;
}

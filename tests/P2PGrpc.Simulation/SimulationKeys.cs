using P2PGrpc.Core.Identity;

namespace P2PGrpc.Simulation;

/// <summary>The identities of simulated nodes: the same in every run, so that equal seeds give equal runs.</summary>
internal static class SimulationKeys
{
    public static IReadOnlyList<IdentityKey> All { get; } = Enumerable.Range(1, 8).Select(Create).ToArray();

    private static IdentityKey Create(int number)
    {
        var seed = new byte[IdentityKey.SeedLength];
        seed[0] = (byte)number;
        return IdentityKey.FromSeed(seed);
    }
}

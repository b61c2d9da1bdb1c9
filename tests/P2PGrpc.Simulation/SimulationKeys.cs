using System.Buffers.Binary;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Simulation;

/// <summary>The identities of simulated nodes: the same in every run, so that equal seeds give equal runs.</summary>
internal static class SimulationKeys
{
    /// <summary>As many as the largest room has members.</summary>
    public static IReadOnlyList<IdentityKey> All { get; } = Enumerable.Range(1, 1000).Select(Create).ToArray();

    private static IdentityKey Create(int number)
    {
        var seed = new byte[IdentityKey.SeedLength];
        BinaryPrimitives.WriteInt32LittleEndian(seed, number);
        return IdentityKey.FromSeed(seed);
    }
}

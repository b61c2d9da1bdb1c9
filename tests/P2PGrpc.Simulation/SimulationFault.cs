using System.Diagnostics.CodeAnalysis;

namespace P2PGrpc.Simulation;

/// <summary>A promise was broken in a simulated run.</summary>
internal sealed class SimulationFault(string message) : Exception(message)
{
    public static void Check([DoesNotReturnIf(false)] bool holds, string message)
    {
        if (!holds)
            throw new SimulationFault(message);
    }
}

using CsCheck;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>V1, S2: whatever well-formed frames peers send, in whatever order, the replicator's invariants hold.</summary>
public sealed class HostileReplicatorTests
{
    [Fact]
    public void No_sequence_of_frames_breaks_an_invariant()
    {
        HostileWorld.Seen.Clear();
        Gen.Int.Sample(
            seed =>
            {
                var world = new HostileWorld(seed);
                for (var step = 0; step < 400; step++)
                    world.Step();
                world.Finish();
            },
            iter: 1500,
            threads: 1);
        string[] all =
        [
            "SendHave", "SendWant", "SendUnwant", "SendCredit", "SendRefuse", "SendForkProof", "SendSegments", "LoadHeads", "Load", "Store",
            "Repair", "Freeze", "Release", "Close", "WakeAt", "Acknowledged", "HeardThrough",
        ];
        Assert.Empty(all.Except(HostileWorld.Seen.Keys));
    }
}

using CsCheck;
using P2PGrpc.Fuzz.Targets;
using Xunit;

namespace P2PGrpc.Fuzz;

/// <summary>V1, S2: whatever well-formed frames peers send, in whatever order, the replicator's invariants hold.</summary>
public sealed class HostileReplicatorTests
{
    [Fact]
    public void No_sequence_of_frames_breaks_an_invariant()
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        Gen.Int.Sample(
            seed =>
            {
                var world = new HostileWorld(new Random(seed));
                for (var step = 0; step < 400; step++)
                    world.Step();
                world.Finish();
                seen.UnionWith(world.Seen.Keys);
            },
            iter: 1500,
            threads: 1);
        string[] all =
        [
            "SendHave", "SendWant", "SendUnwant", "SendCredit", "SendRefuse", "SendForkProof", "SendSegments", "LoadHeads", "Load", "Store",
            "Repair", "Freeze", "Release", "Close", "WakeAt", "Acknowledged", "HeardThrough", "QuotaReached", "QuotaReachedThere",
        ];
        Assert.Empty(all.Except(seen));
    }
}

using Xunit;

namespace P2PGrpc.Simulation;

public sealed class HeapSizeTests
{
    /// <summary>Who weighs memory in bytes must see what stands behind classes, structures, arrays and texts.</summary>
    [Fact]
    public void What_is_weighed_is_about_what_was_allocated()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var kept = new Dictionary<(string, int), Kept>(1000);
        for (var number = 0; number < 1000; number++)
            kept.Add((new string('x', 50), number), new Kept(new byte[100], number));
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(HeapSize.Measure(kept), allocated * 0.9, allocated * 1.1);
    }

    private sealed record Kept(ReadOnlyMemory<byte> Bytes, long Number);
}

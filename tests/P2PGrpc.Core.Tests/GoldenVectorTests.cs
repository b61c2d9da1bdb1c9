using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>The formats stay what they are: another implementation reads the same file. P2PGRPC_VECTORS names a file to write it to.</summary>
public sealed class GoldenVectorTests
{
    [Fact]
    public void The_formats_give_the_bytes_that_were_written_down()
    {
        var vectors = GoldenVectors.Write();
        if (Environment.GetEnvironmentVariable("P2PGRPC_VECTORS") is { Length: > 0 } path)
            File.WriteAllText(path, vectors);
        var kept = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "vectors.json"));
        Assert.Equal(kept, vectors);
    }
}

using System.Diagnostics;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

public sealed class SampleTests
{
    [Fact]
    public async Task The_sample_that_embeds_a_node_writes_and_reads()
    {
        var data = Directory.CreateTempSubdirectory("p2pgrpc-");
        using var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { FindSample(), $"--Node:DataDirectory={Path.Combine(data.FullName, "dora")}", "--Node:Listen=127.0.0.1:0" },
            RedirectStandardOutput = true,
        })!;
        try
        {
            using var limit = new CancellationTokenSource(RunningNode.Patience);
            var lines = new List<string>();
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                lines.Add(line);
                if (line == "read: 10 characters")
                    break;
            }

            Assert.Contains(lines, line => line.StartsWith("this node is ", StringComparison.Ordinal));
            Assert.Contains(lines, line => line.StartsWith("written: ", StringComparison.Ordinal));
            Assert.Equal("read: 10 characters", lines[^1]);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            data.Delete(recursive: true);
        }
    }

    // Each project has a folder of its own below artifacts/bin, with one for each configuration.
    private static string FindSample()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(own.Parent!.Parent!.FullName, "EmbeddedNode", own.Name, "EmbeddedNode.dll");
    }
}

using System.Diagnostics;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class SampleTests
{
    [Fact]
    public async Task The_sample_with_a_client_in_a_host_sends_and_answers()
    {
        await using var node = await FakeNode.StartAsync();
        using var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                FindSample(), $"--Node:DataDirectory={node.Directory}", "--To=bob", "--Text=hi",
            },
            RedirectStandardOutput = true,
        })!;
        try
        {
            await Terminal.WaitAsync(() => node.Feed.Texts.Contains("hi") && !node.Peers.Subscribes.IsEmpty);
            node.Feed.Receive("how are you");
            await Terminal.WaitAsync(() => node.Feed.Texts.Contains("you said: how are you"));
        }
        finally
        {
            process.Kill();
        }
    }

    // Each project has a folder of its own below artifacts/bin, with one for each configuration.
    private static string FindSample()
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(own.Parent!.Parent!.FullName, "SendAndSubscribe", own.Name, "SendAndSubscribe.dll");
    }
}

using P2PGrpc.Node.Files;
using P2PGrpc.Node.Links;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

/// <summary>D5: a node that gave its reserve up to start on a full disk takes it again when there is room, without another start.</summary>
public sealed class ReserveTests
{
    [Fact]
    public async Task A_running_node_takes_its_reserve_again_each_time_that_it_is_gone_D5()
    {
        var clock = new SteppedClock();
        await using var node = await RunningNode.StartAsync("node", clock, AdmissionPolicy.Known);
        var reserve = new FileInfo(Path.Combine(node.DataDirectory, "reserve"));
        for (var times = 0; times < 2; times++)
        {
            await RunningNode.WaitUntilAsync(IsWhole, "the reserve is held");
            reserve.Delete();
            clock.Advance(ReserveFile.Interval);
        }

        await RunningNode.WaitUntilAsync(IsWhole, "the reserve is held once more");

        bool IsWhole()
        {
            reserve.Refresh();
            return reserve is { Exists: true, Length: > 0 };
        }
    }
}

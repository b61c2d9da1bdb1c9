using System.Globalization;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Many nodes in one process, each linked to one other node and idle.</summary>
internal static class Swarm
{
    public static async Task RunAsync(string folder, string hub, int count)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        var peers = new List<EmbeddedPeer>();
        for (var i = 0; i < count; i++)
            peers.Add(await EmbeddedPeer.StartAsync(Path.Combine(folder, i.ToString(CultureInfo.InvariantCulture)), "127.0.0.1:0", $"hub={hub}"));
        foreach (var peer in peers) await peer.WaitForLinksAsync(1);
        await WorkerConsole.ServeAsync(tally, gate);
    }
}

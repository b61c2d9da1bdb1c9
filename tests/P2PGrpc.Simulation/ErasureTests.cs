using Xunit;

namespace P2PGrpc.Simulation;

/// <summary>A newcomer to a room whose members have erased different things: it gets as far as they, and every body that a member still holds to which it is linked.
/// That accepted messages are never lost by erasing while things fail is checked by the campaigns (FaultKind.Erase).</summary>
public sealed class ErasureTests
{
    private const int Seeds = 150;

    private static readonly TimeSpan LongEnough = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_newcomer_gets_every_body_that_a_neighbour_still_holds()
    {
        var (alone, whole) = (0, 0);
        for (var seed = 0; seed < Seeds; seed++)
        {
            var run = RunSeed(seed);
            var newcomer = run.Nodes[^1];
            var neighbours = run.Nodes.Where(node => run.Network.AreNeighbours(node, newcomer)).ToArray();
            foreach (var log in run.Nodes[0].Disk.Logs)
            {
                Assert.True(run.Nodes.All(node => node.Disk.HeadOf(log) == newcomer.Disk.HeadOf(log)), $"Seed {seed}: log {log} ends elsewhere at the newcomer.");
                foreach (var segment in newcomer.Disk.Read(log))
                {
                    var held = neighbours.Any(node => node.Disk.Find(log, segment.Header.FirstSequence)!.Body is not null);
                    Assert.True(held == segment.Body is not null, $"Seed {seed}: {log}/{segment.Header.FirstSequence} is held by a neighbour: {held}.");
                    alone += held ? 0 : 1;
                    whole += held ? 1 : 0;
                }
            }
        }

        // Neither would show much without the other.
        Assert.InRange(alone, 100, int.MaxValue);
        Assert.InRange(whole, 100, int.MaxValue);
    }

    private static SimulationRun RunSeed(int seed)
    {
        var random = new Random(seed);
        var topology = (seed % 3) switch { 0 => Topology.Mesh, 1 => Topology.Ring, _ => Topology.PartialView };
        var run = new SimulationRun(RoomDraw.Create(seed, random.Next(3, 8), topology, random, hasFaults: false));
        var newcomer = run.Nodes[^1];
        foreach (var node in run.Nodes.Where(node => node != newcomer))
            node.Start();
        run.Network.DialAll();
        var clients = run.Clients.Where(client => client.Node != newcomer).ToArray();
        for (var message = 0; message < run.Options.Messages; message++)
            run.Schedule.At(run.Options.SendEvery * message, () => clients[run.Random.Next(clients.Length)].Send(run.Random.Next(0, 60)));
        run.Schedule.RunThrough(run.Options.SendEvery * run.Options.Messages + LongEnough);
        var injector = new FaultInjector(run);
        foreach (var node in run.Nodes.Where(node => node != newcomer))
            injector.Erase(node);
        newcomer.Start();
        run.Network.DialAll(newcomer);
        run.Schedule.RunThrough(run.Schedule.Now + LongEnough);
        return run;
    }
}

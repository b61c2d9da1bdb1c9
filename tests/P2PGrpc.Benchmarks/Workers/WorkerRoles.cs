using System.Globalization;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Which worker a process is, by the words that follow "worker" on its command line.</summary>
internal static class WorkerRoles
{
    public static Task RunAsync(string[] words) => words switch
    {
        ["stream", var address, var to, var length, var batch, var outstanding] =>
            StreamDriver.RunAsync(address, to, Number(length), Number(batch), Number(outstanding)),
        ["read", var address, var start, var count] => SubscribeReader.RunAsync(address, start, Number(count)),
        ["unary", var address, var length, var callers, var mode] => UnaryDriver.RunAsync(address, Number(length), Number(callers), mode),
        ["fsync", var path] => FsyncDriver.RunAsync(path),
        ["bare-server", var address] => BareServer.RunAsync(address),
        ["bare", var kind, var address, var length, var batch] => BareDriver.RunAsync(kind, address, Number(length), Number(batch)),
        ["produce", var data, var listen, var peers, var length, var batch, var mode] =>
            EmbeddedProducer.RunAsync(data, listen, peers, Number(length), Number(batch), mode == "ephemeral"),
        ["consume", var data, var listen, var peers, var start] => EmbeddedConsumer.RunAsync(data, listen, peers, start),
        ["ping", var data, var listen, var peers, var length] => EmbeddedPing.AskAsync(data, listen, peers, Number(length)),
        ["pong", var data, var listen, var peers, var length] => EmbeddedPing.AnswerAsync(data, listen, peers, Number(length)),
        ["swarm", var folder, var hub, var count] => Swarm.RunAsync(folder, hub, Number(count)),
        ["actor-server", var port] => ActorWorkers.ServeAsync(Number(port)),
        ["actor-tell", var port, var length] => ActorWorkers.TellAsync(Number(port), Number(length)),
        ["actor-ask", var port, var length] => ActorWorkers.AskAsync(Number(port), Number(length)),
        ["pull", var port] => SocketWorkers.PullAsync(Number(port)),
        ["push", var port, var length] => SocketWorkers.PushAsync(Number(port), Number(length)),
        ["seed-server", var port] => SeedWorkers.ServeAsync(Number(port)),
        ["seed", var port, var length] => SeedWorkers.SendAsync(Number(port), Number(length)),
        _ => throw new ArgumentException($"no such worker: {string.Join(' ', words)}", nameof(words)),
    };

    private static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}

using P2PGrpc.Protocol;
using Proto;
using Proto.Remote;
using Proto.Remote.GrpcNet;

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Proto.Remote: an actor that is told messages, and one that is asked. It has no TLS here and promises at most once.</summary>
internal static class ActorWorkers
{
    private const string Name = "bench";

    /// <summary>Messages that the other side may be behind: its mailbox is unbounded, so something must hold the sender back.</summary>
    private const int Outstanding = 32 * 1024;

    private const int AnswerEvery = 1024;

    public static async Task ServeAsync(int port)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        await using var system = await StartAsync(port);
        system.Root.SpawnNamed(Props.FromFunc(context =>
        {
            if (context.Message is not Content content) return Task.CompletedTask;
            tally.Add(1);
            // With a content type the message is a question.
            if (content.ContentType.Length > 0 || tally.Total % AnswerEvery == 0) context.Respond(content);
            return Task.CompletedTask;
        }), Name);
        await WorkerConsole.ServeAsync(tally, gate);
    }

    public static async Task TellAsync(int serverPort, int length)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        await using var system = await StartAsync(0);
        using var room = new SemaphoreSlim(0);
        var unanswered = 0L;
        var self = system.Root.Spawn(Props.FromFunc(context =>
        {
            if (context.Message is not Content) return Task.CompletedTask;
            Interlocked.Add(ref unanswered, -AnswerEvery);
            tally.Add(AnswerEvery);
            if (room.CurrentCount == 0) room.Release();
            return Task.CompletedTask;
        }));
        var target = PID.FromAddress($"127.0.0.1:{serverPort}", Name);
        var message = new Content { Text = Samples.Text(length) };
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            while (true)
            {
                await gate.WaitAsync();
                while (Interlocked.Read(ref unanswered) >= Outstanding) await room.WaitAsync();
                for (var i = 0; i < AnswerEvery; i++) system.Root.Request(target, message, self);
                Interlocked.Add(ref unanswered, AnswerEvery);
            }
        }));
    }

    public static async Task AskAsync(int serverPort, int length)
    {
        var (tally, gate) = (new Tally(), new LoadGate());
        await using var system = await StartAsync(0);
        var target = PID.FromAddress($"127.0.0.1:{serverPort}", Name);
        var message = new Content { Text = Samples.Text(length), ContentType = "q" };
        await WorkerConsole.ServeAsync(tally, gate, Task.Run(async () =>
        {
            while (true)
            {
                await gate.WaitAsync();
                var startedAt = TimeProvider.System.GetTimestamp();
                await system.Root.RequestAsync<Content>(target, message, CancellationToken.None);
                tally.AddLatency(startedAt);
                tally.Add(1);
            }
        }));
    }

    private static async Task<ActorSystem> StartAsync(int port)
    {
        var system = new ActorSystem().WithRemote(RemoteConfig.BindToLocalhost(port).WithProtoMessages(LogReflection.Descriptor));
        await system.Remote().StartAsync();
        return system;
    }
}

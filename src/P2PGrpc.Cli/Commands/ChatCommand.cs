using System.CommandLine;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc chat bob</c>: what is typed is sent, what comes is shown.</summary>
internal static class ChatCommand
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5);

    public static Command Create(Surroundings surroundings)
    {
        var peer = new Argument<string>("peer") { Description = "With whom: an alias, a peer id, '#room', or self" };
        var settle = Durations.CreateOption("--settle", "How long to wait at the end for what is not yet delivered [default: 5s]");
        var command = new Command("chat", "Talks with a peer or in a room, line by line: what is typed is sent, what comes is shown.") { peer, settle };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                await using var client = node.Open(parsed, surroundings);
                await client.Node.GetNodeAsync(new GetNodeRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                var session = new ChatSession(client, parsed.GetRequiredValue(peer), node.Repeat(parsed), surroundings);
                return await session.RunAsync(parsed.GetValue(settle) ?? Settle, cancellationToken);
            },
            cancellationToken));
        return command;
    }
}

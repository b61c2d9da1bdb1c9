using System.CommandLine;
using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary>One invocation of a command that asks the node something and shows the answer.</summary>
/// <param name="Client">The node.</param>
/// <param name="Parsed">What was given.</param>
/// <param name="Json">True: the answer is for a program.</param>
/// <param name="NodeOptions">The options that name the node, as to be typed again, with a space before them.</param>
internal sealed record NodeCall(P2PGrpcClient Client, ParseResult Parsed, bool Json, string NodeOptions)
{
    /// <summary>Gives a command the options that all such have, and what it does.</summary>
    public static Command Complete(Surroundings surroundings, Command command, Func<NodeCall, CancellationToken, Task> run)
    {
        var json = JsonOption.Create();
        command.Add(json);
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                await using var client = node.Open(parsed, surroundings);
                await run(new NodeCall(client, parsed, parsed.GetValue(json), node.Repeat(parsed)), cancellationToken);
                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }
}

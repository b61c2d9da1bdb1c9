using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc id</c>: what to give to others so that they can add this node.</summary>
internal static class IdCommand
{
    private const int LongestAddress = 400;

    public static Command Create(Surroundings surroundings)
    {
        var json = JsonOption.Create();
        var command = new Command("id", "Shows id@host:port: what to give to others so that they can add this node.") { json };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                await using var client = node.Open(parsed, surroundings);
                var answer = await client.Node.GetNodeAsync(new GetNodeRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                surroundings.Write(parsed.GetValue(json) ? JsonLines.Id(answer) : DisplayText.Clean(answer.Address, LongestAddress));
                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }
}

using System.CommandLine;

namespace P2PGrpc.Cli.Run;

/// <summary><c>p2pgrpc run</c>: runs a node until it is told to stop, and shows what happens there.</summary>
internal static class RunCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var command = new Command("run", "Runs a node: prints where it is and how to call it, then messages and events as they come.");
        var options = RunOptions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            () => NodeProgram.RunAsync(() => options.Read(parsed, surroundings.Environment), surroundings, cancellationToken),
            // Being told to stop is the regular end here, not an interruption.
            CancellationToken.None));
        return command;
    }
}

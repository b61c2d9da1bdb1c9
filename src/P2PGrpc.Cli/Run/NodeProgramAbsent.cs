namespace P2PGrpc.Cli.Run;

/// <summary>Stands in for the node until it is part of this program.</summary>
internal static class NodeProgram
{
    public static Task<int> RunAsync(RunSettings settings, Surroundings surroundings, CancellationToken cancellationToken) =>
        throw new CommandException(ExitCodes.Failure, "This build holds no node.");
}

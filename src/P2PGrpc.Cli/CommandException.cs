namespace P2PGrpc.Cli;

/// <summary>A command ends here: the message goes to the user as it is.</summary>
internal sealed class CommandException(int exitCode, string message) : Exception(message)
{
    public int ExitCode { get; } = exitCode;

    public static CommandException Usage(string message) => new(ExitCodes.Usage, message);
}

using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace P2PGrpc.Cli.Commands;

/// <summary>The usual help of a command, and after it its examples or, for the program itself, what the exit codes mean.</summary>
internal sealed class ExampleHelp(HelpAction usual) : SynchronousCommandLineAction
{
    private const string Environment = """
          P2PGRPC_DATA         the data directory, where --data is not given
          P2PGRPC_…            every option of 'run' (see 'p2pgrpc run --help')
          P2PGRPC_STACK_TRACE  1: also show where a fault of this program itself happened
          NO_COLOR             no colours, whatever the terminal can do
        """;

    // Help needs the help action's usual priority over missing arguments.
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var result = usual.Invoke(parseResult);
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        if (command is RootCommand)
        {
            Write(output, "Environment:", Environment);
            Write(output, "Exit codes:", ExitCodes.Explanation);
        }
        else if (Examples.Find(command) is { } examples)
        {
            Write(output, "Examples:", examples);
        }
        return result;
    }

    private static void Write(TextWriter output, string title, string text)
    {
        output.WriteLine(title);
        output.WriteLine(text);
        output.WriteLine();
    }
}

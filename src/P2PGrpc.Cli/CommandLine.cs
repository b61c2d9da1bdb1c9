using System.CommandLine;
using System.CommandLine.Help;
using P2PGrpc.Cli.Commands;
using P2PGrpc.Cli.Run;

namespace P2PGrpc.Cli;

/// <summary>The whole command line: parses it, runs the command that it names, and gives its exit code.</summary>
internal static class CommandLine
{
    /// <summary>Never throws: also what nobody foresaw is told in one line.</summary>
    public static async Task<int> RunAsync(string[] arguments, Surroundings surroundings, CancellationToken cancellationToken)
    {
        try
        {
            return await ParseAndRunAsync(arguments, surroundings, cancellationToken);
        }
        catch (Exception fault)
        {
            return Failures.ReportUnforeseen(surroundings, fault);
        }
    }

    public static RootCommand Build(Surroundings surroundings)
    {
        var root = new RootCommand("Runs a P2PGrpc node, sends messages through it, and shows what arrives.")
        {
            RunCommand.Create(surroundings),
            SendCommand.Create(surroundings),
            TailCommand.Create(surroundings),
            ChatCommand.Create(surroundings),
            PeersCommand.Create(surroundings),
            InviteCommand.Create(surroundings),
            JoinCommand.Create(surroundings),
            RoomCommand.Create(surroundings),
            RetentionCommand.Create(surroundings),
            EventsCommand.Create(surroundings),
            IdCommand.Create(surroundings),
            StatusCommand.Create(surroundings),
            DoctorCommand.Create(surroundings),
            ExplainCommand.Create(surroundings),
            BackupCommand.Create(surroundings),
            RestoreCommand.Create(surroundings),
            VerifyCommand.Create(surroundings),
            KeyCommand.Create(surroundings),
            ReloadCommand.Create(surroundings),
            DrainCommand.Create(surroundings),
            DeadLettersCommand.Create(surroundings),
        };
        foreach (var command in HistoryCommands.Create(surroundings))
            root.Add(command);
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new ExampleHelp((HelpAction)help.Action!);
        root.SetAction(parsed => new ExampleHelp(new HelpAction()).Invoke(parsed));
        return root;
    }

    private static async Task<int> ParseAndRunAsync(string[] arguments, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var root = Build(surroundings);
        // A text may begin with "@": it is no response file here.
        var parsed = root.Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Action is not HelpAction and not ExampleHelp && ParseFaults.Find(parsed) is { } wrong)
        {
            var path = string.Join(' ', CommandNames(parsed.CommandResult.Command).Reverse());
            return Failures.Report(surroundings, $"{wrong} Try '{path} --help'.", ExitCodes.Usage);
        }
        var configuration = new InvocationConfiguration
        {
            EnableDefaultExceptionHandler = false,
            // The program handles signals itself: 'run' says goodbye, 'tail' acknowledges.
            ProcessTerminationTimeout = null,
            Output = surroundings.Output,
            Error = surroundings.Error,
        };
        return await Failures.GuardAsync(surroundings, () => InvokeAsync(parsed, configuration, cancellationToken), cancellationToken);
    }

    private static async Task<int> InvokeAsync(ParseResult parsed, InvocationConfiguration configuration, CancellationToken cancellationToken)
    {
        try
        {
            var exitCode = await parsed.InvokeAsync(configuration, cancellationToken);
            await configuration.Output.FlushAsync(CancellationToken.None);
            return exitCode;
        }
        catch (Exception fault) when (OutputFailedException.Covers(fault))
        {
            // Commands report their own failures; what is left is the help, which the framework writes.
            throw OutputFailedException.Explain(fault);
        }
    }

    private static IEnumerable<string> CommandNames(Command command)
    {
        for (Symbol? symbol = command; symbol is not null; symbol = symbol.Parents.FirstOrDefault())
            yield return symbol is RootCommand ? "p2pgrpc" : symbol.Name;
    }
}

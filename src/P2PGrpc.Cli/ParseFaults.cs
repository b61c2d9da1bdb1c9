using System.CommandLine;
using System.CommandLine.Parsing;

namespace P2PGrpc.Cli;

/// <summary>What is wrong with a command line, in this program's words where the framework's would not say it.</summary>
internal static class ParseFaults
{
    /// <summary>The first fault; null if there is none.</summary>
    public static string? Find(ParseResult parsed) => FindInOptions(parsed) ?? (parsed.Errors.Count > 0 ? parsed.Errors[0].Message : null);

    private static string? FindInOptions(ParseResult parsed)
    {
        var known = FindNames(parsed.CommandResult);
        foreach (var option in parsed.CommandResult.Children.OfType<OptionResult>())
        {
            // The framework takes what follows an option for its value, whatever it is, and then finds something left over.
            if (option.Option.Arity.MinimumNumberOfValues > 0 && option.Tokens.FirstOrDefault(token => known.Contains(token.Value)) is { } swallowed)
                return $"{option.Option.Name} needs a value: {swallowed.Value}, which follows it, is an option.";
        }

        return null;
    }

    private static HashSet<string> FindNames(CommandResult command)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var current = command; current is not null; current = current.Parent as CommandResult)
        {
            foreach (var option in current.Command.Options.Where(option => current == command || option.Recursive))
            {
                names.Add(option.Name);
                names.UnionWith(option.Aliases);
            }
        }

        return names;
    }
}

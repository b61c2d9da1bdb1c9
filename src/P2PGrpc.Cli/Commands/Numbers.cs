using System.CommandLine;
using System.Globalization;

namespace P2PGrpc.Cli.Commands;

/// <summary>Whole numbers on the command line.</summary>
internal static class Numbers
{
    /// <summary>An option that takes a number from one to another.</summary>
    public static Option<int?> CreateOption(string name, string description, string helpName, int least, int most) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
            if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most)
                return number;
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{name} '{text}': write a whole number from {least} to {most}."));
            return null;
        },
    };
}

using System.CommandLine;
using P2PGrpc.Cli.Run;
using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary>The options that name a node's data directory, by the same ways and in the same order as for 'run': the directory itself, or the configuration file that says it.</summary>
internal sealed class DataOption
{
    private readonly Option<string?> data = new("--data")
    {
        Description = "The data directory of the node [default: $P2PGRPC_DATA, else as --config says, else ~/.local/share/p2pgrpc]",
        HelpName = "DIR",
    };

    private readonly Option<string?> config = new("--config")
    {
        Description = "The JSON file with the node's options, of which 'data' counts here [default: $P2PGRPC_CONFIG]",
        HelpName = "FILE",
    };

    /// <summary>Both of them.</summary>
    public IReadOnlyList<Option<string?>> Options => [data, config];

    public static DataOption AddTo(Command command)
    {
        var option = new DataOption();
        foreach (var part in option.Options)
            command.Add(part);
        return option;
    }

    /// <exception cref="CommandException">An option is empty, or the configuration file can't be read or not be understood.</exception>
    public string Find(ParseResult parsed, Surroundings surroundings)
    {
        foreach (var option in Options)
            if (parsed.GetValue(option) is { Length: 0 })
                throw CommandException.Usage($"{option.Name} is empty: give a value, or leave it out.");
        if ((parsed.GetValue(data) ?? Variable(surroundings, "P2PGRPC_DATA")) is { } given)
            return given;
        var file = parsed.GetValue(config) ?? Variable(surroundings, "P2PGRPC_CONFIG");
        return (file is null ? null : ConfigurationFile.Read(file).Data) ?? NodeDirectory.FindDefault(surroundings.Environment);
    }

    /// <summary>The option that was given to name a node; null if none was.</summary>
    public Option<string?>? FindGiven(ParseResult parsed) => Options.FirstOrDefault(option => parsed.GetValue(option) is not null);

    /// <summary>The configuration file that the command line names; null if it names none.</summary>
    public string? FindConfiguration(ParseResult parsed) => parsed.GetValue(config);

    // An empty variable counts as not set, as shells make them easily.
    private static string? Variable(Surroundings surroundings, string name) => surroundings.Environment(name) is { Length: > 0 } value ? value : null;
}

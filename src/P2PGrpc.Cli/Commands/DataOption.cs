using System.CommandLine;
using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary>The option of commands that work on a node's files and not with the node.</summary>
internal sealed class DataOption
{
    private readonly Option<string?> option = new("--data")
    {
        Description = "The data directory of the node [default: $P2PGRPC_DATA, else ~/.local/share/p2pgrpc]",
        HelpName = "DIR",
    };

    public static DataOption AddTo(Command command)
    {
        var data = new DataOption();
        command.Add(data.option);
        return data;
    }

    /// <exception cref="CommandException">It is empty.</exception>
    public string Find(ParseResult parsed, Surroundings surroundings) => parsed.GetValue(option) switch
    {
        "" => throw CommandException.Usage("--data is empty: give a value, or leave it out."),
        { } given => given,
        null => NodeDirectory.FindDefault(surroundings.Environment),
    };
}

using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Node.Upkeep;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc key export|import</c>: a node's private key under a passphrase.</summary>
internal static class KeyCommand
{
    public static Command Create(Surroundings surroundings) => new("key", "Takes a node's private key out under a passphrase, and puts it back.")
    {
        CreateExport(surroundings),
        CreateImport(surroundings),
    };

    private static Command CreateExport(Surroundings surroundings)
    {
        var file = new Argument<string>("file") { Description = "The file to write; nothing may be there yet" };
        var command = new Command("export", $"Writes the private key to a file, sealed by a passphrase of at least {NodeFiles.ShortestPassphrase} characters.") { file };
        return Complete(surroundings, command, twice: true, (parsed, data, ask) =>
        {
            var path = Path.GetFullPath(parsed.GetRequiredValue(file));
            var peer = NodeFiles.ExportKey(data, path, ask()).ToString();
            return (UpkeepLines.Key(peer, path), $"{path} is the key of {peer}, under the passphrase. Without the passphrase it is worth nothing, to you neither.");
        });
    }

    private static Command CreateImport(Surroundings surroundings)
    {
        var file = new Argument<string>("file") { Description = "What 'key export' has written, or an identity.key" };
        var command = new Command("import", "Makes the key of a file that of a node that has none yet.") { file };
        return Complete(surroundings, command, twice: false, (parsed, data, ask) =>
        {
            var peer = NodeFiles.ImportKey(parsed.GetRequiredValue(file), data, ask).ToString();
            return (UpkeepLines.Key(peer, Path.GetFullPath(data)), $"{Path.GetFullPath(data)} is {peer} now. Never run two nodes with one key.");
        });
    }

    private static Command Complete(
        Surroundings surroundings, Command command, bool twice, Func<ParseResult, string, Func<string>, (string Json, string Text)> run)
    {
        var json = JsonOption.Create();
        command.Add(json);
        var data = DataOption.AddTo(command);
        var passphrase = Passphrase.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                var directory = data.Find(parsed, surroundings);
                var said = await LocalWork.RunAsync(() => run(parsed, directory, () => passphrase.Read(parsed, surroundings, twice, cancellationToken)));
                surroundings.Write(parsed.GetValue(json) ? said.Json : said.Text);
                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }
}

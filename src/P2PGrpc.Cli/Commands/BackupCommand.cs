using System.CommandLine;
using Grpc.Core;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc backup DIR</c>: a copy of a node that runs, or of one that does not.</summary>
internal sealed class BackupCommand(Surroundings surroundings)
{
    private readonly Argument<string> place = new("directory") { Description = "Where nothing is yet: a directory is made there, on the node's machine" };
    private readonly Option<bool> withKey = new("--with-key") { Description = "With the private key, in clear: whoever holds the backup is then this node" };
    private readonly Option<bool> json = JsonOption.Create();

    public static Command Create(Surroundings surroundings)
    {
        var backup = new BackupCommand(surroundings);
        var command = new Command("backup", "Copies all of a node, while it runs, into a new directory.") { backup.place, backup.withKey, backup.json };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings, () => backup.RunAsync(parsed, node, cancellationToken), cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, NodeSelection node, CancellationToken cancellationToken)
    {
        var given = parsed.GetRequiredValue(place);
        if (given.Length == 0)
            throw CommandException.Usage("The directory is empty: name one that is not there yet.");
        // At an address the path is one of the node's machine, so it is passed on as it is.
        var directory = node.FindDirectory(parsed, surroundings) is null ? given : Path.GetFullPath(given);
        var key = parsed.GetValue(withKey);
        Backup made;
        using (var progress = new ProgressLine(surroundings, "copied"))
            made = await CreateAsync(parsed, node, directory, key, progress, cancellationToken);
        if (parsed.GetValue(json))
        {
            surroundings.Write(UpkeepLines.Backup(made));
            return ExitCodes.Success;
        }

        surroundings.Write($"{made.Directory}: {made.Position} messages, {ByteCounts.Describe(made.DatabaseBytes)}{(made.WithKey ? ", with the key" : "")}");
        if (!made.WithKey)
            surroundings.Write("The private key is not in it. It never changes: export it once, by 'p2pgrpc key export', and keep it apart.");
        return ExitCodes.Success;
    }

    private async Task<Backup> CreateAsync(
        ParseResult parsed, NodeSelection node, string directory, bool key, ProgressLine progress, CancellationToken cancellationToken)
    {
        await using var client = node.Open(parsed, surroundings);
        try
        {
            var request = new CreateBackupRequest { Directory = directory, WithKey = key };
            using var call = client.Node.CreateBackup(request, cancellationToken: cancellationToken);
            await foreach (var response in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                if (response.Backup is { } made)
                    return made;
                progress.Show(response.CopiedBytes, response.TotalBytes);
            }

            throw new CommandException(ExitCodes.Failure, $"The node ended the backup before it was whole. Without its backup.json {directory} is none.");
        }
        catch (RpcException fault) when (node.FindDirectory(parsed, surroundings) is { } data && LocalWork.MeansNobody(fault))
        {
            // Nobody runs there, so nobody is held up: this program copies the files itself.
            return await LocalWork.RunAsync(() => NodeFiles.CreateBackup(
                data, directory, key, (copied, all) => progress.Show((ulong)copied, (ulong)all), surroundings.Time, cancellationToken));
        }
    }
}

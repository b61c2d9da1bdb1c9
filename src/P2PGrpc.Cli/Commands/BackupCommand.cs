using System.CommandLine;
using Grpc.Core;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc backup DIR</c>: a copy of a node that runs, or of one that does not.</summary>
internal sealed class BackupCommand(Surroundings surroundings)
{
    private readonly Argument<string> place = new("directory") { Description = "Where nothing is yet: a directory is made there, on the node's machine; with --api an absolute path" };
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
        await using var client = node.Open(parsed, surroundings);
        var data = node.FindDirectory(parsed, surroundings);
        if (data is null && !IsAbsolute(given))
            throw CommandException.Usage($"'{given}' is no absolute path: with --api the backup is made on the node's machine, where nobody knows this directory. Name it whole, as /var/backups/p2pgrpc-monday.");
        // At an address the path is one of the node's machine, so it is passed on as it is.
        var directory = data is null ? given : Path.GetFullPath(given);
        Backup made;
        using (var progress = new ProgressLine(surroundings, "copied"))
            made = data is not null && !await AnswersAsync(client, cancellationToken)
                ? await CopyAsync(data, directory, parsed.GetValue(withKey), progress, cancellationToken)
                : await CreateAsync(client, directory, parsed.GetValue(withKey), data is not null, progress, cancellationToken);
        try
        {
            Show(made, parsed.GetValue(json));
        }
        catch (OutputFailedException untold)
        {
            throw new CommandException(ExitCodes.Failure, $"The backup {made.Directory} is made, and whole. {untold.Message}");
        }

        return ExitCodes.Success;
    }

    private void Show(Backup made, bool asJson)
    {
        if (asJson)
        {
            surroundings.Write(UpkeepLines.Backup(made));
            return;
        }

        surroundings.Write($"{made.Directory}: {made.Position} messages, {ByteCounts.Describe(made.DatabaseBytes)}{(made.WithKey ? ", with the key" : "")}");
        if (!made.WithKey)
            surroundings.Write("The private key is not in it. It never changes: export it once, by 'p2pgrpc key export', and keep it apart.");
    }

    private async Task<bool> AnswersAsync(P2PGrpcClient client, CancellationToken cancellationToken)
    {
        try
        {
            await LocalWork.GreetAsync(client, surroundings, cancellationToken);
            return true;
        }
        catch (RpcException silent) when (LocalWork.MeansNobody(silent))
        {
            return false;
        }
    }

    /// <summary>Nobody runs there, so nobody is held up: this program copies the files itself.</summary>
    private async Task<Backup> CopyAsync(string data, string directory, bool key, ProgressLine progress, CancellationToken cancellationToken)
    {
        if (NodeFiles.IsInUse(data))
            throw new CommandException(
                ExitCodes.Unreachable,
                $"The process that holds {data} does not answer: it may be starting or stopping, or hang. 'p2pgrpc doctor' says more. Once it has ended, this command makes the backup from its files.");
        return await LocalWork.RunAsync(() => NodeFiles.CreateBackup(
            data, directory, key, (copied, all) => progress.Show((ulong)copied, (ulong)all), surroundings.Time, cancellationToken));
    }

    /// <param name="client">The node.</param>
    /// <param name="directory">Where to.</param>
    /// <param name="key">With the key.</param>
    /// <param name="isHere">True: the node is on this machine, so that what it makes should be seen here.</param>
    /// <param name="progress">Where it is shown.</param>
    /// <param name="cancellationToken">Gives up.</param>
    private static async Task<Backup> CreateAsync(
        P2PGrpcClient client, string directory, bool key, bool isHere, ProgressLine progress, CancellationToken cancellationToken)
    {
        // What is here already is somebody else's, even where the node sees nothing there.
        var wasFree = isHere && !Path.Exists(directory);
        var hasBegun = false;
        try
        {
            using var call = client.Node.CreateBackup(new CreateBackupRequest { Directory = directory, WithKey = key }, cancellationToken: cancellationToken);
            await foreach (var response in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                hasBegun = true;
                if (response.Backup is not { } made)
                    progress.Show(response.CopiedBytes, response.TotalBytes);
                else if (isHere && !NodeFiles.IsBackup(directory))
                    throw new CommandException(
                        ExitCodes.Failure,
                        $"The node says that it has made the backup, but there is none at {directory} here: a service or a container may have a /tmp and other directories of its own, and the backup "
                        + "is in those. Name a place that it shares with this machine, such as one beside its data directory.");
                else
                    return made;
            }
        }
        catch (RpcException gone) when ((isHere || hasBegun) && LocalWork.MeansNobody(gone))
        {
            var left = wasFree && NodeFiles.TryDiscardHalfBackup(directory) ? "Nothing of it was left." : $"Without its backup.json {directory} is none: delete what is there.";
            throw new CommandException(ExitCodes.Unreachable, $"The node went away while it made the backup. {left} Give the command again.");
        }

        throw new CommandException(ExitCodes.Failure, $"The node ended the backup before it was whole. Without its backup.json {directory} is none.");
    }

    /// <summary>Also by the ways of another system, which may be the node's.</summary>
    private static bool IsAbsolute(string path) => path[0] is '/' or '\\' || (path.Length > 2 && path[1] == ':' && path[2] is '/' or '\\');
}

using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Node.Upkeep;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc restore BACKUP</c>: puts a backup into an empty data directory.</summary>
internal static class RestoreCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var backup = new Argument<string>("backup") { Description = "The directory that 'p2pgrpc backup' has made" };
        var key = new Option<string?>("--key") { Description = "The node's key: what 'key export' has written, or an identity.key [default: the one in the backup]", HelpName = "FILE" };
        var json = JsonOption.Create();
        var command = new Command("restore", "Puts a backup into an empty data directory, where a node can then be started.") { backup, key, json };
        var data = DataOption.AddTo(command);
        var passphrase = Passphrase.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                var (from, to) = (parsed.GetRequiredValue(backup), data.Find(parsed, surroundings));
                using (var progress = new ProgressLine(surroundings, "copied"))
                {
                    var peer = await LocalWork.RunAsync(() => NodeFiles.Restore(
                        from, to, parsed.GetValue(key), () => passphrase.Read(parsed, surroundings, twice: false, cancellationToken),
                        (copied, all) => progress.Show((ulong)copied, (ulong)all), cancellationToken));
                    progress.Dispose();
                    if (parsed.GetValue(json))
                        surroundings.Write(UpkeepLines.Restored(peer.ToString(), Path.GetFullPath(to)));
                    else
                        Tell(surroundings, peer.ToString(), Path.GetFullPath(to));
                }

                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }

    private static void Tell(Surroundings surroundings, string peer, string directory)
    {
        surroundings.Write($"{directory} is {peer}, as of the backup.");
        surroundings.Write($"Start it by 'p2pgrpc run --data {ShellWord.Quote(directory)}' with its former options. It begins new logs, and peers give back what it has lost.");
        surroundings.Write("Never run it beside the node that the backup was taken of. Invites that were open then are open again: p2pgrpc invite list");
    }
}

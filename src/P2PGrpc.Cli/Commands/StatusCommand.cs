using System.CommandLine;
using System.Globalization;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc status</c>: the node at a glance.</summary>
internal static class StatusCommand
{
    private const int LongestText = 400;

    public static Command Create(Surroundings surroundings)
    {
        var json = JsonOption.Create();
        var command = new Command("status", "Shows the node at a glance: address, links, messages, store.") { json };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                await using var client = node.Open(parsed, surroundings);
                var answer = await client.Node.GetNodeAsync(new GetNodeRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                if (parsed.GetValue(json))
                    surroundings.Write(JsonLines.Status(answer));
                else
                    Show(answer, surroundings);
                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }

    private static void Show(GetNodeResponse node, Surroundings surroundings)
    {
        var uptime = Durations.Describe(TimeSpan.FromMilliseconds(Math.Min(node.UptimeMs, int.MaxValue * 1000.0)));
        Show("node", $"{Clean(node.Name)}, version {Clean(node.Version)}, up {uptime}");
        Show("address", Clean(node.Address));
        Show("links", string.Create(CultureInfo.InvariantCulture, $"{node.Links} up"));
        Show("messages", string.Create(CultureInfo.InvariantCulture, $"{node.Position} held, {node.Undelivered} not yet delivered"));
        if (!node.Writable)
            Show("store", $"READ ONLY: {Clean(node.StoreError)}", StyledLine.Alarm);
        else if (node.StoreError.Length > 0)
            Show("store", Clean(node.StoreError), StyledLine.Alarm);
        else if (node.DamagedPlaces > 0)
            Show("store", string.Create(CultureInfo.InvariantCulture,
                $"{node.DamagedPlaces} damaged {(node.DamagedPlaces == 1 ? "place" : "places")}, not served: p2pgrpc events and docs/operations.md tell more"), StyledLine.Alarm);
        else
            Show("store", "ok");

        void Show(string name, string text, Spectre.Console.Style? style = null) =>
            surroundings.Write(new StyledLine().Add(name.PadRight(10), StyledLine.Dim).Add(text, style));
    }

    private static string Clean(string text) => DisplayText.Clean(text, LongestText);
}

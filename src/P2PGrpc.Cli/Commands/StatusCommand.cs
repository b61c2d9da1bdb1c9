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

    /// <summary>Less than this is worth a look.</summary>
    private const ulong LittleFree = 1UL << 30;

    /// <summary>Less than this is nothing: a transaction of one message takes a few pages in the database and its log.</summary>
    private const ulong NothingFree = 64 << 10;

    public static Command Create(Surroundings surroundings)
    {
        var json = JsonOption.Create();
        var command = new Command("status", "Shows the node at a glance: address, links, messages, store. Ends with 1 if the store is read only.") { json };
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
                // Who only asks whether it works, as a container's health check, looks at this alone.
                return answer.Writable ? ExitCodes.Success : ExitCodes.Failure;
            },
            cancellationToken));
        return command;
    }

    private static void Show(GetNodeResponse node, Surroundings surroundings)
    {
        Show("node", $"{Clean(node.Name)}, version {Clean(node.Version)}, up {Describe(node.UptimeMs)}");
        Show("address", Clean(node.Address));
        Show("links", DescribeLinks(node));
        var oldest = node.HasOldestUndeliveredMs ? $", the oldest for {Describe(node.OldestUndeliveredMs)}" : "";
        var removed = node.UndeliveredToRemoved == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; {node.UndeliveredToRemoved} kept for peers that were removed");
        Show("messages", string.Create(CultureInfo.InvariantCulture, $"{node.Position} held, {node.Undelivered} not yet delivered{oldest}{removed}"));
        if (!node.Writable)
            Show("store", $"READ ONLY: {Clean(node.StoreError)}", StyledLine.Alarm);
        else if (node.StoreError.Length > 0)
            Show("store", Clean(node.StoreError), StyledLine.Alarm);
        else if (node.DamagedPlaces > 0)
            Show("store", string.Create(CultureInfo.InvariantCulture,
                $"{node.DamagedPlaces} damaged {(node.DamagedPlaces == 1 ? "place" : "places")}, not served: p2pgrpc events and docs/operations.md tell more"), StyledLine.Alarm);
        else if (IsFull(node))
            Show("store", "the disk is full: the next message may be refused", StyledLine.Alarm);
        else
            Show("store", "ok");
        if (IsDiskKnown(node))
            Show(
                "disk",
                $"{ByteCounts.Describe(node.DatabaseBytes)} of databases, {ByteCounts.Describe(node.FreeBytes)} free{(node.ReserveHeld ? "" : ", and nothing is held in reserve for a start when it is full")}",
                node.FreeBytes < LittleFree || !node.ReserveHeld ? StyledLine.Alarm : Spectre.Console.Style.Plain);
        if (node.Draining)
            Show("drain", "no new messages are taken; 'p2pgrpc drain --off' takes that back", StyledLine.Alarm);

        void Show(string name, string text, Spectre.Console.Style? style = null) =>
            surroundings.Write(new StyledLine().Add(name.PadRight(10), StyledLine.Dim).Add(text, style));
    }

    /// <summary>A disk that can't be asked has no databases either.</summary>
    private static bool IsDiskKnown(GetNodeResponse node) => node.DatabaseBytes > 0;

    /// <summary>The store itself learns of a full disk when it writes: after a start on one nobody may have written yet.</summary>
    private static bool IsFull(GetNodeResponse node) => IsDiskKnown(node) && node.FreeBytes < NothingFree;

    private static string DescribeLinks(GetNodeResponse node)
    {
        var unlinked = node.PeersDialling + node.PeersDown;
        var how = (node.PeersDialling, node.PeersDown) switch
        {
            (_, 0) => unlinked == 1 ? "it is being dialled" : "all of them are being dialled",
            (0, _) => unlinked == 1 ? "this node has no address of it" : "this node has no address of them",
            _ => string.Create(CultureInfo.InvariantCulture, $"{node.PeersDialling} of them {(node.PeersDialling == 1 ? "is" : "are")} being dialled, of the rest this node has no address"),
        };
        var peers = unlinked == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"; of {node.Peers} {(node.Peers == 1 ? "peer" : "peers")} {unlinked} {(unlinked == 1 ? "is" : "are")} not linked: {how}");
        return string.Create(CultureInfo.InvariantCulture, $"{node.Links} up{peers}");
    }

    private static string Describe(ulong milliseconds) => Durations.Describe(TimeSpan.FromMilliseconds(Math.Min(milliseconds, int.MaxValue * 1000.0)));

    private static string Clean(string text) => DisplayText.Clean(text, LongestText);
}

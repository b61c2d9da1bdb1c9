using System.CommandLine;
using System.Globalization;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc drain</c>: before a node is stopped for good or for long, has it take no new messages and hand over those that it has.</summary>
internal static class DrainCommand
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    public static Command Create(Surroundings surroundings)
    {
        var wait = Durations.CreateOption("--wait", "How long to wait until all is delivered, 0s for not at all [default: 30s]", LongestWait, allowsNone: true);
        var stop = new Option<bool>("--stop") { Description = "Then stop the node, whether all is delivered or not: what is not stays, and goes out after the next start" };
        var off = new Option<bool>("--off") { Description = "Have the node take messages again" };
        var json = JsonOption.Create();
        var command = new Command("drain", "Has the node take no new messages, and waits until those it has are delivered.") { wait, stop, off, json };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                if (parsed.GetValue(off) && (parsed.GetValue(stop) || parsed.GetValue(wait) is not null))
                    throw CommandException.Usage("--off takes messages again: --wait and --stop don't go with it.");
                var limit = parsed.GetValue(off) ? TimeSpan.Zero : parsed.GetValue(wait) ?? TimeSpan.FromSeconds(30);
                await using var client = node.Open(parsed, surroundings);
                var request = new DrainRequest { Off = parsed.GetValue(off), Stop = parsed.GetValue(stop), WaitMs = (ulong)limit.TotalMilliseconds };
                var answer = await client.Node.DrainAsync(request, deadline: surroundings.Deadline() + limit, cancellationToken: cancellationToken);
                if (parsed.GetValue(json))
                    surroundings.Write(UpkeepLines.Drained(answer));
                else
                    Tell(surroundings, answer, node.Repeat(parsed));
                return answer.Draining && answer.Undelivered + answer.UnderWay > 0 ? ExitCodes.NotDelivered : ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }

    private static void Tell(Surroundings surroundings, DrainResponse answer, string nodeOptions)
    {
        if (!answer.Draining)
        {
            surroundings.Write("The node takes messages again.");
            return;
        }

        foreach (var peer in answer.Peers)
            surroundings.Write(string.Create(CultureInfo.InvariantCulture,
                $"{MessageLines.Call(peer.Alias, peer.PeerId)}: {peer.Undelivered} not delivered, {(peer.Linked ? "linked" : "not linked")}"));
        foreach (var room in answer.Rooms)
            surroundings.Write(string.Create(CultureInfo.InvariantCulture, $"{DisplayText.Clean(room.Room, 80)}: {room.Undelivered} that no other member has"));
        if (answer.UnderWay > 0)
            surroundings.Write(string.Create(CultureInfo.InvariantCulture, $"{answer.UnderWay} calls that began before are not answered yet, and may still bring messages: drain once more."));
        var left = answer.Undelivered == 0
            ? answer.UnderWay == 0 ? "All messages are delivered" : "All messages so far are delivered"
            : string.Create(CultureInfo.InvariantCulture, $"{answer.Undelivered} not delivered, which stay stored, and go out when their recipients can be reached");
        surroundings.Write(answer.Stopping
            ? $"{left}. The node is stopping."
            : $"{left}. The node takes no new ones: stop it by SIGTERM or 'p2pgrpc drain --stop{nodeOptions}', or take that back by 'p2pgrpc drain --off{nodeOptions}'.");
    }
}

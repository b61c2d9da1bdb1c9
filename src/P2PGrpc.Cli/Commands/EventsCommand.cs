using System.CommandLine;
using Grpc.Core;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc events</c>: shows links, knocks and deliveries as they happen.</summary>
internal static class EventsCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create(Surroundings surroundings)
    {
        var json = JsonOption.Create();
        var command = new Command("events", "Shows what happens at the node: links, knocks, deliveries.") { json };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings,
            async () =>
            {
                var lines = new EventLines(new MessageLines(surroundings.Time), node.Repeat(parsed));
                Action<WatchEventsResponse> print = parsed.GetValue(json)
                    ? response => surroundings.Write(JsonLines.Event(response))
                    : response => surroundings.Write(lines.Create(response));
                await using var client = node.Open(parsed, surroundings);
                await WatchAsync(client, print, surroundings, cancellationToken);
                return ExitCodes.Success;
            },
            cancellationToken));
        return command;
    }

    private static async Task WatchAsync(
        P2PGrpcClient client, Action<WatchEventsResponse> print, Surroundings surroundings, CancellationToken cancellationToken)
    {
        await client.Node.GetNodeAsync(new GetNodeRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
        var notice = new InterruptionNotice(surroundings);
        while (true)
        {
            try
            {
                using var call = client.Node.WatchEvents(new WatchEventsRequest(), cancellationToken: cancellationToken);
                await foreach (var response in call.ResponseStream.ReadAllAsync(cancellationToken))
                    print(response);
            }
            catch (RpcException exception)
            {
                cancellationToken.ThrowIfCancellationRequested();
                var fault = P2PGrpcException.From(exception);
                if (fault.StatusCode != StatusCode.Unavailable)
                    throw fault;
                notice.Show(fault);
            }
            await Task.Delay(Pause, surroundings.Time, cancellationToken);
        }
    }
}

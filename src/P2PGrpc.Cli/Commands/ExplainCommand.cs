using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc explain MESSAGE</c>: where a message is, who has acknowledged it, what was tried, and when the next attempt is.</summary>
internal static class ExplainCommand
{
    public static Command Create(Surroundings surroundings)
    {
        var message = new Argument<string>("message") { Description = "Its reference, as 'send' prints it (log/sequence), or its message_id" };
        return NodeCall.Complete(
            surroundings,
            new Command("explain", "Tells where a message is: who has acknowledged it, what was tried, when the next attempt is.") { message },
            async (call, cancellationToken) =>
            {
                var request = new ExplainMessageRequest { Message = call.Parsed.GetRequiredValue(message) };
                var answer = await call.Client.Node.ExplainMessageAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                if (call.Json)
                    surroundings.Write(UpkeepLines.Explanation(answer));
                else
                    foreach (var line in ExplanationLines.Create(answer))
                        surroundings.Write(line);
            });
    }
}

using System.CommandLine;
using System.CommandLine.Parsing;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Protocol;
using RetentionLimits = P2PGrpc.Node.Logs.RetentionLimits;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc retention show|set</c>: how long the node keeps a conversation.</summary>
internal sealed class RetentionCommand(Surroundings surroundings)
{
    public static Command Create(Surroundings surroundings)
    {
        var retention = new RetentionCommand(surroundings);
        return new Command("retention", "Shows and sets how long messages of a conversation are kept here.") { retention.CreateShow(), retention.CreateSet() };
    }

    private Command CreateShow()
    {
        var conversation = ConversationArgument();
        return Complete(
            new Command("show", "Shows how long a conversation is kept, and how much of it is held.") { conversation },
            async (client, parsed, cancellationToken) =>
            {
                var request = new GetRetentionRequest { Conversation = parsed.GetRequiredValue(conversation) };
                return (await client.Conversations.GetRetentionAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken)).Retention;
            });
    }

    private Command CreateSet()
    {
        var conversation = ConversationArgument();
        var days = Numbers.CreateOption(
            "--days", $"Erase messages that are older; days in which the node ran, 1 to {RetentionLimits.MaximumDays}", "DAYS", 1, RetentionLimits.MaximumDays);
        var bytes = new Option<ulong?>("--bytes")
        {
            Description = $"Erase the oldest messages beyond so many bytes: {ByteCounts.Form}; at least 1M",
            HelpName = "SIZE",
            CustomParser = ParseBytes,
        };
        var clear = new Option<bool>("--clear") { Description = "First forget what was set before: keep it as the node keeps others" };
        return Complete(
            new Command("set", "Sets how long a conversation is kept. What is older is erased here for good, and stays with others.") { conversation, days, bytes, clear },
            async (client, parsed, cancellationToken) =>
            {
                var request = new SetRetentionRequest { Conversation = parsed.GetRequiredValue(conversation), Clear = parsed.GetValue(clear) };
                if (parsed.GetValue(days) is { } keepDays)
                    request.KeepDays = (uint)keepDays;
                if (parsed.GetValue(bytes) is { } keepBytes)
                    request.KeepBytes = keepBytes;
                if (request is { HasKeepDays: false, HasKeepBytes: false, Clear: false })
                    throw CommandException.Usage("Nothing is to be set: give --days, --bytes or --clear.");
                return (await client.Conversations.SetRetentionAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken)).Retention;
            });
    }

    private static Argument<string> ConversationArgument() => new("conversation") { Description = "An alias, a peer id, a #room, or self" };

    private static ulong? ParseBytes(ArgumentResult result)
    {
        var text = result.Tokens.Count > 0 ? result.Tokens[0].Value : "";
        if (ByteCounts.TryParse(text, out long bytes) && bytes >= RetentionLimits.MinimumBytes)
            return (ulong)bytes;
        result.AddError($"--bytes '{text}': write {ByteCounts.Form}; at least 1M is kept.");
        return null;
    }

    private Command Complete(Command command, Func<P2PGrpcClient, ParseResult, CancellationToken, Task<Retention>> run) => NodeCall.Complete(
        surroundings,
        command,
        async (call, cancellationToken) => Show(await run(call.Client, call.Parsed, cancellationToken), call.Json));

    private void Show(Retention retention, bool json)
    {
        if (json)
            surroundings.Write(JsonLines.Retention(retention));
        else
            foreach (var line in RetentionLines.Create(retention))
                surroundings.Write(line);
    }
}

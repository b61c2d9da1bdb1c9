using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Node.Delivery;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc tail</c>: shows what arrives; with a consumer's name, what was shown is acknowledged.</summary>
internal sealed class TailCommand
{
    private readonly Option<string?> from = new("--from")
    {
        Description = "start, end, or the cursor of a message (from --json) to go on after "
            + "[default: end; start with --no-follow; where it was, with --consumer]",
        HelpName = "PLACE",
    };

    private readonly Option<string?> consumer = new("--consumer")
    {
        Description = "A name under which the node remembers how far this reader is: 1 to 64 of a-z, 0-9, _, . and -, a letter first",
        HelpName = "NAME",
    };

    private readonly Option<string?> conversation = new("--conversation")
    {
        Description = "Only messages to and from this peer (an alias, a peer id, or self), or of this #room",
        HelpName = "NAME",
    };

    private readonly Option<bool> own = new("--own") { Description = "Also what this node itself sent" };

    private readonly Option<bool> noFollow = new("--no-follow") { Description = "End after the last message that is there" };

    private readonly Option<bool> json = JsonOption.Create();

    public static Command Create(Surroundings surroundings)
    {
        var tail = new TailCommand();
        var command = new Command("tail", "Shows messages as they arrive.")
        {
            tail.from, tail.consumer, tail.conversation, tail.own, tail.noFollow, tail.json,
        };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings, () => tail.RunAsync(parsed, node, surroundings, cancellationToken), cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, NodeSelection node, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var settings = CreateSettings(parsed, surroundings);
        await using var client = node.Open(parsed, surroundings);
        // A node that is not there at the start is an error; one that goes away later is waited for.
        await client.Node.GetNodeAsync(new GetNodeRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
        var print = CreatePrinter(surroundings, parsed.GetValue(json));
        var printErased = CreateErasedPrinter(surroundings, parsed.GetValue(json));
        var consumerPlace = settings.Consumer.Length > 0 ? new ConsumerPlace(client, settings.Consumer, surroundings) : null;
        try
        {
            await foreach (var response in client.SubscribeBatchesAsync(settings, cancellationToken))
                await ShowAsync(response, print, printErased, consumerPlace, cancellationToken);
        }
        catch
        {
            if (consumerPlace is not null)
                await consumerPlace.LeaveAsync();
            throw;
        }
        return consumerPlace is null ? ExitCodes.Success : await consumerPlace.EndAsync(cancellationToken);
    }

    private static async Task ShowAsync(
        SubscribeResponse response, Action<ReceivedMessage> print, Action<ErasedMessages> printErased, ConsumerPlace? consumerPlace, CancellationToken cancellationToken)
    {
        FeedCursor? written = null;
        try
        {
            foreach (var batch in response.Batches)
            {
                if (ErasedMessages.From(batch) is { } erased)
                    printErased(erased);
                foreach (var message in ReceivedMessage.Read(batch))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    print(message);
                    written = message.Cursor ?? written;
                }
            }
            written = response.Cursor is { } cursor ? FeedCursor.FromProtocol(cursor) : written;
        }
        finally
        {
            if (consumerPlace is not null && written is { } place)
                await consumerPlace.AdvanceAsync(place, cancellationToken);
        }
    }

    private SubscribeSettings CreateSettings(ParseResult parsed, Surroundings surroundings)
    {
        var place = parsed.GetValue(from);
        FeedCursor? after = null;
        var start = StartAt.Unspecified;
        if (place is "start" || (place is null && parsed.GetValue(noFollow) && parsed.GetValue(consumer) is null))
            start = StartAt.Start;
        else if (place is "end")
            start = StartAt.End;
        else if (FeedCursor.TryParse(place, out var cursor))
            after = cursor;
        else if (place is not null)
            throw CommandException.Usage($"--from '{place}': write start, end, or the cursor of a message.");
        if (parsed.GetValue(consumer) is { } name && !ConsumerName.IsValid(name))
            throw CommandException.Usage($"--consumer '{name}': {ConsumerName.Rule}");
        return new SubscribeSettings
        {
            Consumer = parsed.GetValue(consumer) ?? "",
            Conversation = parsed.GetValue(conversation) ?? "",
            StartAt = start,
            After = after,
            IncludeOwn = parsed.GetValue(own),
            Follow = !parsed.GetValue(noFollow),
            Interrupted = new InterruptionNotice(surroundings).Show,
        };
    }

    private static Action<ErasedMessages> CreateErasedPrinter(Surroundings surroundings, bool json) => json
        ? erased => surroundings.Write(JsonLines.Erased(erased))
        : erased => surroundings.Write(MessageLines.CreateErased(erased));

    private static Action<ReceivedMessage> CreatePrinter(Surroundings surroundings, bool json)
    {
        if (json)
            return message => surroundings.Write(JsonLines.Message(message));
        var lines = new MessageLines(surroundings.Time);
        return message =>
        {
            foreach (var line in lines.Create(message))
                surroundings.Write(line);
        };
    }
}

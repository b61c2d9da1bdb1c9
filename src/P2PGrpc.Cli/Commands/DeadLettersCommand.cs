using System.CommandLine;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc dead-letters list|replay|discard</c>: messages that a service beside this node could not handle, and what is to be done with them.</summary>
internal sealed class DeadLettersCommand(Surroundings surroundings)
{
    private static readonly TimeSpan UsualWait = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly Option<string?> room = new("--room")
    {
        Description = $"The room that holds them, where the service has set another [default: {DeadLetterRoom.DefaultName}]",
        HelpName = "NAME",
    };

    public static Command Create(Surroundings surroundings) => new("dead-letters", "Shows the messages that services could not handle, and has them handled again or set aside.")
    {
        new DeadLettersCommand(surroundings).CreateList(),
        new DeadLettersCommand(surroundings).CreateReplay(),
        new DeadLettersCommand(surroundings).CreateDiscard(),
    };

    private Command CreateList()
    {
        var consumer = new Option<string?>("--consumer") { Description = "Only those of the service that reads under this name", HelpName = "NAME" };
        return NodeCall.Complete(
            surroundings,
            new Command("list", "Shows those that were neither replayed nor discarded, the newest first.") { consumer, room },
            async (call, cancellationToken) =>
            {
                var letters = Open(call).ListAsync(cancellationToken);
                if (call.Parsed.GetValue(consumer) is { } wanted)
                    letters = letters.Where(letter => letter.Consumer == wanted);
                if (!call.Json)
                    DeadLetterLines.Write(await letters.ToListAsync(cancellationToken), surroundings);
                else
                    await foreach (var letter in letters)
                        surroundings.Write(DeadLetterLines.Json(letter));
            });
    }

    private Command CreateReplay()
    {
        var reference = CreateReference();
        var wait = Durations.CreateOption("--wait", "How long to wait for the service [default: 30s]", LongestWait);
        return NodeCall.Complete(
            surroundings,
            new Command("replay", "Has the service whose handler failed run it once more, and waits for the outcome.") { reference, wait, room },
            async (call, cancellationToken) =>
            {
                var place = Open(call);
                var letter = await FindAsync(place, call, call.Parsed.GetRequiredValue(reference), cancellationToken);
                var limit = call.Parsed.GetValue(wait) ?? UsualWait;
                var (outcome, why) = await ReplayAsync(call.Client, place, letter, limit, cancellationToken);
                if (call.Json)
                    surroundings.Write(DeadLetterLines.Json(letter, outcome, why));
                var (handler, service) = (DeadLetterLines.Clean(letter.Handler), DeadLetterLines.Clean(letter.Consumer));
                if (outcome == DeadLetterOutcome.Failed)
                    throw new CommandException(ExitCodes.Failure, $"{handler} of {service} failed again: {why}");
                if (outcome == DeadLetterOutcome.Asked)
                    throw new CommandException(
                        ExitCodes.NotDelivered, $"{service} has been asked, and has not answered within {Durations.Describe(limit)}. Is it running? It does what it was asked for when it runs again.");
                if (!call.Json)
                    surroundings.Write($"{handler} of {service} has handled it");
            });
    }

    private Command CreateDiscard()
    {
        var reference = CreateReference();
        return NodeCall.Complete(
            surroundings,
            new Command("discard", "Notes that nothing is to be done about one: it is listed no more, and stays in the room.") { reference, room },
            async (call, cancellationToken) =>
            {
                var place = Open(call);
                var letter = await FindAsync(place, call, call.Parsed.GetRequiredValue(reference), cancellationToken);
                await place.ResolveAsync(letter, "discarded", cancellationToken);
                surroundings.Write(call.Json ? DeadLetterLines.Json(letter, DeadLetterOutcome.Discarded, "") : $"{DeadLetterLines.Clean(letter.Reference)} is discarded");
            });
    }

    private static Argument<string> CreateReference() => new("reference") { Description = "The dead letter's reference, as 'list' shows it" };

    private DeadLetterRoom Open(NodeCall call)
    {
        var name = Names.CheckRoom(room.Name, call.Parsed.GetValue(room)).TrimStart('#');
        return new DeadLetterRoom(call.Client, name.Length > 0 ? name : DeadLetterRoom.DefaultName);
    }

    private static async Task<DeadLetter> FindAsync(DeadLetterRoom place, NodeCall call, string reference, CancellationToken cancellationToken) =>
        await place.ListAsync(cancellationToken).FirstOrDefaultAsync(letter => letter.Reference == reference, cancellationToken)
        ?? throw new CommandException(
            ExitCodes.Refused, $"No dead letter {reference} is open in {place.Conversation} of this node. Those that are: p2pgrpc dead-letters list{call.NodeOptions}");

    /// <summary>Asks, and reads what the service says to it. That it is read begins before the asking, since the answer may come at once.</summary>
    private async Task<(DeadLetterOutcome Outcome, string Why)> ReplayAsync(
        P2PGrpcClient client, DeadLetterRoom place, DeadLetter letter, TimeSpan wait, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Timeout.InfiniteTimeSpan, surroundings.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var asked = false;
        try
        {
            var settings = new SubscribeSettings { Conversation = place.Conversation, IncludeOwn = true, ReconnectFor = wait };
            await foreach (var response in client.SubscribeBatchesAsync(settings, either.Token))
            {
                foreach (var message in ReceivedMessage.Read(response).Where(message => message.Alias == "self"))
                    if (message.Headers.GetValueOrDefault(MessageHeaders.DeadLetterResolved) == letter.Reference)
                        return (DeadLetterOutcome.Replayed, "");
                    else if (message.Headers.GetValueOrDefault(MessageHeaders.DeadLetterReplayFailed) == letter.Reference)
                        return (DeadLetterOutcome.Failed, message.Text ?? "");
                if (!asked && response.CaughtUp)
                {
                    await place.AskForReplayAsync(letter, cancellationToken);
                    asked = true;
                    limit.CancelAfter(wait);
                }
            }
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // The time is over.
        }

        return (DeadLetterOutcome.Asked, "");
    }
}

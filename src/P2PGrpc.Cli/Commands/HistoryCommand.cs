using System.CommandLine;
using System.Globalization;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Node.History;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc history</c>: what was said in a conversation, page by page.</summary>
internal sealed class HistoryCommand(Surroundings surroundings)
{
    private readonly Argument<string> conversation = new("conversation") { Description = MessagePages.Conversation };
    private readonly Option<string?> author = MessagePages.CreateAuthor(
        "Only what this one wrote: an alias, a peer id, or self; in the order in which it came here, so not with --from and --until");

    private readonly Option<int?> limit = MessagePages.CreateLimit();

    private readonly Option<string?> before = new("--before") { Description = "Only what is older than this place, which an earlier answer named", HelpName = "PLACE" };

    private readonly Option<string?> after = new("--after")
    {
        Description = "Only what is newer than this place, the oldest of it first; also with --until",
        HelpName = "PLACE",
    };

    private readonly Option<string?> from = Moments.CreateOption("--from", $"Only from this time on, the oldest of it first: {Moments.Form}");
    private readonly Option<string?> until = Moments.CreateOption("--until", "Only from before this time; also with --from");

    public static Command Create(Surroundings surroundings)
    {
        var history = new HistoryCommand(surroundings);
        return NodeCall.Complete(
            surroundings,
            new Command("history", "Shows what was said in a conversation, the newest of it unless told otherwise.")
            {
                history.conversation, history.author, history.limit, history.before, history.after, history.from, history.until,
            },
            history.RunAsync);
    }

    private async Task RunAsync(NodeCall call, CancellationToken cancellationToken)
    {
        var request = new ListMessagesRequest { Conversation = call.Parsed.GetRequiredValue(conversation), Author = call.Parsed.GetValue(author) ?? "" };
        var bound = SetPlace(request, call.Parsed);
        var page = await GatherAsync(call.Client, request, bound, call.Parsed.GetValue(limit) ?? MessagePages.DefaultLimit, cancellationToken);
        var found = new FoundMessages(call, surroundings);
        found.Show(page.Batches);
        if (call.Json)
            surroundings.Write(JsonLines.Page(page));
        else
            TellOfPages(call, found, bound, page);
    }

    /// <summary>Where the page begins.</summary>
    /// <returns>The time before which a page ends that goes forward; null if there is none.</returns>
    private ulong? SetPlace(ListMessagesRequest request, ParseResult parsed)
    {
        var (earlier, later) = (CheckPlace(before, parsed, request.Author), CheckPlace(after, parsed, request.Author));
        var (start, end) = (ReadTime(from, parsed), ReadTime(until, parsed));
        if (request.Author.Length > 0 && (start ?? end) is not null)
            throw CommandException.Usage("--from and --until don't go with --author: what one has written is listed as it came here. Give --before or --after, or leave --author out.");
        if (new object?[] { earlier, later, start }.Count(given => given is not null) > 1 || (earlier is not null && end is not null))
            throw CommandException.Usage("Give one of --before, --after and --from; --until goes alone, with --from or with --after.");
        if (start >= end)
            throw CommandException.Usage("--until is no later than --from: nothing lies between them.");
        if (earlier is not null)
            request.Before = earlier;
        else if (later is not null)
            request.After = later;
        else if (start is not null)
            request.FromMs = start.Value;
        else if (end is not null)
            request.BeforeMs = end.Value;
        return (later is not null || start is not null) ? end : null;
    }

    private ulong? ReadTime(Option<string?> option, ParseResult parsed) => Moments.Read(parsed.GetValue(option), option.Name, surroundings);

    private static string? CheckPlace(Option<string?> option, ParseResult parsed, string author)
    {
        var given = parsed.GetValue(option);
        var isPlace = given is null || (author.Length > 0
            ? ulong.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out _)
            : HistoryPlace.TryParse(given, out _));
        return isPlace ? given : throw CommandException.Usage($"{option.Name} '{given}': give the place that an answer to the same question named as older or newer.");
    }

    /// <summary>As many pages as hold the wanted number, as one.</summary>
    private async Task<ListMessagesResponse> GatherAsync(
        P2PGrpcClient client, ListMessagesRequest request, ulong? bound, int limit, CancellationToken cancellationToken)
    {
        var next = request.Clone();
        var forward = request.PlaceCase is ListMessagesRequest.PlaceOneofCase.After or ListMessagesRequest.PlaceOneofCase.FromMs;
        ListMessagesResponse? whole = null;
        while (true)
        {
            next.PageSize = (uint)Math.Min(MessagePages.Size, limit);
            var page = await client.Conversations.ListMessagesAsync(next, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
            if (bound is { } end)
                EndBefore(page, end);
            limit -= page.Batches.Sum(batch => batch.Messages.Count + (int)batch.Erased) + (int)page.Unreadable;
            whole = whole is null ? page : forward ? Join(whole, page, page) : Join(page, whole, page);
            if (limit <= 0 || (page.Batches.Count == 0 && page.Unreadable == 0) || (forward ? !page.HasNewer : page.Older.Length == 0))
                return whole;
            if (forward)
                next.After = page.Newer;
            else
                next.Before = page.Older;
        }
    }

    /// <summary>Leaves out what was written at a time or later, and all behind it: the order is that of the times.</summary>
    private static void EndBefore(ListMessagesResponse page, ulong milliseconds)
    {
        for (var number = 0; number < page.Batches.Count; number++)
        {
            var messages = page.Batches[number].Messages;
            var index = 0;
            while (index < messages.Count && (messages[index].Content is null || messages[index].Clock >> 16 < milliseconds))
                index++;
            if (index == messages.Count)
                continue;
            while (messages.Count > index)
                messages.RemoveAt(messages.Count - 1);
            var kept = index > 0 ? number + 1 : number;
            while (page.Batches.Count > kept)
                page.Batches.RemoveAt(page.Batches.Count - 1);
            page.HasNewer = false;
            // The node named the place behind what is left out here.
            page.Newer = "";
        }
    }

    private static ListMessagesResponse Join(ListMessagesResponse first, ListMessagesResponse second, ListMessagesResponse last) => new()
    {
        Batches = { first.Batches, second.Batches },
        Older = first.Older,
        Newer = second.Newer,
        HasNewer = second.HasNewer,
        Unreadable = first.Unreadable + second.Unreadable,
        Behind = last.Behind,
        Missing = last.Missing,
    };

    private void TellOfPages(NodeCall call, FoundMessages found, ulong? bound, ListMessagesResponse page)
    {
        var again = $"p2pgrpc history {ShellWord.Quote(call.Parsed.GetRequiredValue(conversation))}"
            + MessagePages.Repeat(author.Name, call.Parsed.GetValue(author))
            + MessagePages.Repeat(limit.Name, call.Parsed.GetValue(limit)?.ToString(CultureInfo.InvariantCulture))
            + call.NodeOptions;
        if (page.Batches.Count == 0 && page.Unreadable == 0)
            found.WriteHint("no messages");
        if (page.Older.Length > 0)
            found.WriteHint($"older: {again} --before {page.Older}");
        // As a point in time, since what was given may have been "now".
        if (page.HasNewer)
            found.WriteHint($"newer: {again} --after {page.Newer}{MessagePages.Repeat(until.Name, bound is { } end ? Moments.Write(end) : null)}");
        found.TellOfRest(page.Unreadable, page.Behind);
        if (page.Missing > 0)
            surroundings.Write(new StyledLine().Add(
                string.Create(CultureInfo.InvariantCulture, $"{page.Missing} messages are still to come from other members: until then there may be gaps"), StyledLine.Alarm));
    }
}

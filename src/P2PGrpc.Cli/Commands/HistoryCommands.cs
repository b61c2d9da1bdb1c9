using System.CommandLine;
using System.Globalization;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc conversations|history|search|read|reindex</c>: what was said.</summary>
internal sealed class HistoryCommands(Surroundings surroundings)
{
    /// <summary>Messages that are asked for at a time, which is all that a node gives on one page.</summary>
    private const int PageSize = 200;

    public static IEnumerable<Command> Create(Surroundings surroundings)
    {
        var history = new HistoryCommands(surroundings);
        return [history.CreateConversations(), history.CreateHistory(), history.CreateSearch(), history.CreateRead(), history.CreateReindex()];
    }

    private Command CreateConversations() => Complete(
        new Command("conversations", "Shows the conversations, with what is unread in each."),
        async (call, cancellationToken) =>
        {
            var conversations = new List<Conversation>();
            var request = new ListConversationsRequest { PageSize = PageSize };
            ListConversationsResponse answer;
            do
            {
                answer = await call.Client.Conversations.ListConversationsAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                conversations.AddRange(answer.Conversations);
                request.Page = answer.NextPage;
            }
            while (answer.NextPage.Length > 0);
            if (call.Json)
                conversations.ForEach(conversation => surroundings.Write(JsonLines.Conversation(conversation)));
            else
                ConversationLines.Write(conversations, surroundings);
            TellOfRest(call, 0, answer.Behind);
        });

    private Command CreateHistory()
    {
        var conversation = ConversationArgument();
        var author = AuthorOption();
        var limit = LimitOption();
        var before = new Option<string?>("--before") { Description = "Only what is older than this place, which an earlier answer named", HelpName = "PLACE" };
        var after = new Option<string?>("--after") { Description = "Only what is newer than this place, the oldest of it first", HelpName = "PLACE" };
        var from = Moments.CreateOption("--from", "Only from this time on, the oldest of it first");
        var until = Moments.CreateOption("--until", "Only from before this time");
        return Complete(
            new Command("history", "Shows what was said in a conversation, the newest of it unless told otherwise.") { conversation, author, limit, before, after, from, until },
            async (call, cancellationToken) =>
            {
                var request = new ListMessagesRequest { Conversation = call.Parsed.GetRequiredValue(conversation), Author = call.Parsed.GetValue(author) ?? "" };
                SetPlace(request, call.Parsed.GetValue(before), call.Parsed.GetValue(after), Time(from), Time(until));
                var page = await GatherAsync(call.Client, request, call.Parsed.GetValue(limit), cancellationToken);
                ShowMessages(call, page.Batches);
                if (call.Json)
                    surroundings.Write(JsonLines.Page(page));
                else
                    TellOfPages(call, request, page);

                ulong? Time(Option<string?> option) => Moments.Read(call.Parsed.GetValue(option), option.Name, surroundings);
            });
    }

    private Command CreateSearch()
    {
        var words = new Argument<string[]>("words")
        {
            Description = "Words that must all occur; \"several words\" for a phrase, word* for a beginning",
            Arity = ArgumentArity.OneOrMore,
        };
        var conversation = new Option<string?>("--conversation") { Description = "Only in this one: an alias, a peer id, #room, or self", HelpName = "NAME" };
        var author = AuthorOption();
        var limit = LimitOption();
        var page = new Option<string?>("--page") { Description = "Go on where an earlier answer ended", HelpName = "PLACE" };
        return Complete(
            new Command("search", "Finds messages by the words of their text, the newest first.") { words, conversation, author, limit, page },
            async (call, cancellationToken) =>
            {
                var request = new SearchMessagesRequest
                {
                    Query = string.Join(' ', call.Parsed.GetRequiredValue(words)),
                    Conversation = call.Parsed.GetValue(conversation) ?? "",
                    Author = call.Parsed.GetValue(author) ?? "",
                    Page = call.Parsed.GetValue(page) ?? "",
                };
                var answer = await GatherAsync(call.Client, request, call.Parsed.GetValue(limit), cancellationToken);
                ShowMessages(call, answer.Batches);
                if (call.Json)
                    surroundings.Write(JsonLines.Page(answer));
                else if (answer.NextPage.Length > 0)
                    WriteHint($"more: the same with --page {answer.NextPage}");
                else if (answer.Batches.Count == 0 && answer.Unreadable == 0)
                    WriteHint("nothing was found");
                TellOfRest(call, answer.Unreadable, answer.Behind);
            });
    }

    private Command CreateRead()
    {
        var conversation = ConversationArgument();
        return Complete(
            new Command("read", "Marks all of a conversation as read.") { conversation },
            async (call, cancellationToken) =>
            {
                var request = new MarkReadRequest { Conversation = call.Parsed.GetRequiredValue(conversation) };
                var answer = await call.Client.Conversations.MarkReadAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
                surroundings.Write(call.Json
                    ? JsonLines.MarkedRead(request.Conversation, answer.Unread)
                    : string.Create(CultureInfo.InvariantCulture, $"read; {answer.Unread} unread since"));
            });
    }

    private Command CreateReindex() => Complete(
        new Command("reindex", "Builds the index of history and search anew from the logs. Marks of erased messages are lost."),
        async (call, cancellationToken) =>
        {
            var answer = await call.Client.Conversations.RebuildHistoryAsync(
                new RebuildHistoryRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
            surroundings.Write(call.Json
                ? JsonLines.Reindex(answer.Messages)
                : string.Create(CultureInfo.InvariantCulture, $"{answer.Messages} messages are being indexed; until then history and search show some of them"));
        });

    private static Argument<string> ConversationArgument() =>
        new("conversation") { Description = "An alias, a peer id, #room, self, or a conversation's id" };

    private static Option<string?> AuthorOption() =>
        new("--author") { Description = "Only what this one wrote: an alias, a peer id, or self", HelpName = "NAME" };

    private static Option<int> LimitOption()
    {
        var limit = new Option<int>("--limit") { Description = "How many messages, at most", HelpName = "NUMBER", DefaultValueFactory = _ => 50 };
        limit.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 100_000)
                result.AddError("--limit is a number from 1 to 100000.");
        });
        return limit;
    }

    private static void SetPlace(ListMessagesRequest request, string? before, string? after, ulong? from, ulong? until)
    {
        if (new object?[] { before, after, from, until }.Count(given => given is not null) > 1)
            throw CommandException.Usage("Give one of --before, --after, --from and --until.");
        if (before is not null)
            request.Before = before;
        else if (after is not null)
            request.After = after;
        else if (from is not null)
            request.FromMs = from.Value;
        else if (until is not null)
            request.BeforeMs = until.Value;
    }

    /// <summary>As many pages as hold the wanted number, as one.</summary>
    private async Task<ListMessagesResponse> GatherAsync(P2PGrpcClient client, ListMessagesRequest request, int limit, CancellationToken cancellationToken)
    {
        var next = request.Clone();
        var forward = request.PlaceCase is ListMessagesRequest.PlaceOneofCase.After or ListMessagesRequest.PlaceOneofCase.FromMs;
        ListMessagesResponse? whole = null;
        while (true)
        {
            next.PageSize = (uint)Math.Min(PageSize, limit);
            var page = await client.Conversations.ListMessagesAsync(next, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
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

    /// <summary>The same for a search.</summary>
    private async Task<SearchMessagesResponse> GatherAsync(P2PGrpcClient client, SearchMessagesRequest request, int limit, CancellationToken cancellationToken)
    {
        var whole = new SearchMessagesResponse();
        do
        {
            request.PageSize = (uint)Math.Min(PageSize, limit);
            var page = await client.Conversations.SearchMessagesAsync(request, deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
            limit -= page.Batches.Sum(batch => batch.Messages.Count) + (int)page.Unreadable;
            whole.Batches.Add(page.Batches);
            (whole.NextPage, whole.Behind) = (page.NextPage, page.Behind);
            whole.Unreadable += page.Unreadable;
            request.Page = page.NextPage;
        }
        while (limit > 0 && whole.NextPage.Length > 0);
        return whole;
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

    private void ShowMessages(NodeCall call, IEnumerable<MessageBatch> batches)
    {
        var lines = new MessageLines(surroundings.Time);
        var day = "";
        foreach (var batch in batches)
        {
            if (ErasedMessages.From(batch) is { } erased)
                ShowErased(call, erased);
            foreach (var message in ReceivedMessage.Read(batch))
                day = ShowMessage(call, message, lines, day);
        }
    }

    private void ShowErased(NodeCall call, ErasedMessages erased)
    {
        if (call.Json)
            surroundings.Write(JsonLines.Erased(erased));
        else
            surroundings.Write(MessageLines.CreateErased(erased));
    }

    /// <summary>Shows the day where it is another than before.</summary>
    private string ShowMessage(NodeCall call, ReceivedMessage message, MessageLines lines, string day)
    {
        if (call.Json)
        {
            surroundings.Write(JsonLines.Message(message));
            return day;
        }

        if (lines.Day(message.Time) != day)
            WriteHint(lines.Day(message.Time));
        if (message.MissingBefore > 0)
            WriteHint(MessageLines.TellOfGap(message));
        foreach (var line in lines.Create(message))
            surroundings.Write(line);
        return lines.Day(message.Time);
    }

    private void TellOfPages(NodeCall call, ListMessagesRequest request, ListMessagesResponse page)
    {
        var again = $"p2pgrpc history {ShellWord.Quote(request.Conversation)}{(request.Author.Length > 0 ? $" --author {ShellWord.Quote(request.Author)}" : "")}{call.NodeOptions}";
        if (page.Batches.Count == 0 && page.Unreadable == 0)
            WriteHint("no messages");
        if (page.Older.Length > 0)
            WriteHint($"older: {again} --before {page.Older}");
        if (page.HasNewer)
            WriteHint($"newer: {again} --after {page.Newer}");
        TellOfRest(call, page.Unreadable, page.Behind);
        if (page.Missing > 0)
            surroundings.Write(new StyledLine().Add(
                string.Create(CultureInfo.InvariantCulture, $"{page.Missing} messages are still to come from other members: until then there may be gaps"), StyledLine.Alarm));
    }

    private void TellOfRest(NodeCall call, uint unreadable, ulong behind)
    {
        if (call.Json)
            return;
        if (unreadable > 0)
            surroundings.Write(new StyledLine().Add(
                string.Create(CultureInfo.InvariantCulture, $"{unreadable} messages can't be read here: their bytes are damaged ('p2pgrpc status' and docs/operations.md tell more)"), StyledLine.Alarm));
        if (behind > 0)
            surroundings.Write(new StyledLine().Add(
                string.Create(CultureInfo.InvariantCulture, $"{behind} messages are not indexed yet and may be missing here"), StyledLine.Alarm));
    }

    private void WriteHint(string text) => surroundings.Write(new StyledLine().Add(text, StyledLine.Dim));

    private Command Complete(Command command, Func<NodeCall, CancellationToken, Task> run) => NodeCall.Complete(surroundings, command, run);
}

using System.CommandLine;
using System.Globalization;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc search</c>: messages by the words of their text.</summary>
internal sealed class SearchCommand(Surroundings surroundings)
{
    private readonly Argument<string[]> words = new("words")
    {
        Description = "Words that must all occur; \"several words\" for a phrase, word* for a beginning",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> conversation = new("--conversation") { Description = "Only in this one: an alias, a peer id, #room, or self", HelpName = "NAME" };
    private readonly Option<string?> author = MessagePages.CreateAuthor("Only what this one wrote: an alias, a peer id, or self");
    private readonly Option<int?> limit = MessagePages.CreateLimit();
    private readonly Option<string?> page = new("--page") { Description = "Go on where an earlier answer ended", HelpName = "PLACE" };

    public static Command Create(Surroundings surroundings)
    {
        var search = new SearchCommand(surroundings);
        return NodeCall.Complete(
            surroundings,
            new Command("search", "Finds messages by the words of their text, the newest first.") { search.words, search.conversation, search.author, search.limit, search.page },
            search.RunAsync);
    }

    private async Task RunAsync(NodeCall call, CancellationToken cancellationToken)
    {
        var request = new SearchMessagesRequest
        {
            Query = string.Join(' ', call.Parsed.GetRequiredValue(words)),
            Conversation = call.Parsed.GetValue(conversation) ?? "",
            Author = call.Parsed.GetValue(author) ?? "",
            Page = ReadPage(call.Parsed.GetValue(page)),
        };
        var answer = await GatherAsync(call.Client, request, call.Parsed.GetValue(limit) ?? MessagePages.DefaultLimit, cancellationToken);
        var found = new FoundMessages(call, surroundings);
        found.Show(answer.Batches);
        if (call.Json)
            surroundings.Write(JsonLines.Page(answer));
        else if (answer.NextPage.Length > 0)
            found.WriteHint($"more: {Repeat(call, answer.NextPage)}");
        else if (answer.Batches.Count == 0 && answer.Unreadable == 0)
            found.WriteHint("nothing was found");
        found.TellOfRest(answer.Unreadable, answer.Behind);
    }

    private static string ReadPage(string? given) => given is null || ulong.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out _)
        ? given ?? ""
        : throw CommandException.Usage($"--page '{given}': give the place that an answer to the same search named.");

    /// <summary>The same search as to be typed again for its next page, from a word that begins as an option does behind the --, where it is none.</summary>
    private string Repeat(NodeCall call, string nextPage)
    {
        var given = call.Parsed.GetRequiredValue(words);
        var quoted = string.Join(' ', given.Select(ShellWord.Quote));
        var options = MessagePages.Repeat(conversation.Name, call.Parsed.GetValue(conversation))
            + MessagePages.Repeat(author.Name, call.Parsed.GetValue(author))
            + MessagePages.Repeat(limit.Name, call.Parsed.GetValue(limit)?.ToString(CultureInfo.InvariantCulture))
            + $"{call.NodeOptions} --page {nextPage}";
        return given.Any(word => word.StartsWith('-')) ? $"p2pgrpc search{options} -- {quoted}" : $"p2pgrpc search {quoted}{options}";
    }

    /// <summary>As many pages as hold the wanted number, as one.</summary>
    private async Task<SearchMessagesResponse> GatherAsync(P2PGrpcClient client, SearchMessagesRequest request, int limit, CancellationToken cancellationToken)
    {
        var whole = new SearchMessagesResponse();
        do
        {
            request.PageSize = (uint)Math.Min(MessagePages.Size, limit);
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
}

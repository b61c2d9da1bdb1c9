using System.CommandLine;
using System.Globalization;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc conversations|read|reindex</c>, and with <c>history</c> and <c>search</c> all that tells what was said.</summary>
internal sealed class HistoryCommands(Surroundings surroundings)
{
    public static IEnumerable<Command> Create(Surroundings surroundings)
    {
        var history = new HistoryCommands(surroundings);
        return
        [
            history.CreateConversations(), HistoryCommand.Create(surroundings), SearchCommand.Create(surroundings), history.CreateRead(), history.CreateReindex(),
        ];
    }

    private Command CreateConversations() => Complete(
        new Command("conversations", "Shows the conversations, with what is unread in each."),
        async (call, cancellationToken) =>
        {
            var conversations = new List<Conversation>();
            var request = new ListConversationsRequest { PageSize = MessagePages.Size };
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
            new FoundMessages(call, surroundings).TellOfRest(0, answer.Behind);
        });

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

    private static Argument<string> ConversationArgument() => new("conversation") { Description = MessagePages.Conversation };

    private Command Complete(Command command, Func<NodeCall, CancellationToken, Task> run) => NodeCall.Complete(surroundings, command, run);
}

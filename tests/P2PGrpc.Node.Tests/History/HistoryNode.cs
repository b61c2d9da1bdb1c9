using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Tests.Hosting;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.History;

/// <summary>Questions to a node's history, with short answers.</summary>
internal static class HistoryNode
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public static Task<ListMessagesResponse> ListAsync(this RunningNode node, string conversation, Action<ListMessagesRequest>? configure = null)
    {
        var request = new ListMessagesRequest { Conversation = conversation };
        configure?.Invoke(request);
        return node.Runtime.History.ListMessagesAsync(request, Token);
    }

    public static Task<SearchMessagesResponse> SearchAsync(this RunningNode node, string query, Action<SearchMessagesRequest>? configure = null)
    {
        var request = new SearchMessagesRequest { Query = query };
        configure?.Invoke(request);
        return node.Runtime.History.SearchAsync(request, Token);
    }

    public static async Task<List<Conversation>> ListConversationsAsync(this RunningNode node) =>
        [.. (await node.Runtime.History.ListConversationsAsync(new ListConversationsRequest(), Token)).Conversations];

    public static async Task<ulong> ReadAsync(this RunningNode node, string conversation, ulong position = 0) =>
        (await node.Runtime.History.MarkReadAsync(new MarkReadRequest { Conversation = conversation, Position = position }, Token)).Unread;

    public static List<string> Texts(IEnumerable<MessageBatch> batches) => [.. batches.SelectMany(batch => batch.Messages).Select(entry => entry.Content.Text)];

    /// <summary>All pages of a conversation from its end to its beginning, in order.</summary>
    public static async Task<List<string>> WalkBackAsync(this RunningNode node, string conversation, uint pageSize, string author = "")
    {
        var texts = new List<string>();
        var page = await node.ListAsync(conversation, request => (request.PageSize, request.Author) = (pageSize, author));
        while (true)
        {
            texts.InsertRange(0, Texts(page.Batches));
            if (page.Older.Length == 0)
                return texts;
            page = await node.ListAsync(conversation, request => (request.PageSize, request.Author, request.Before) = (pageSize, author, page.Older));
            Assert.True(page.HasNewer);
        }
    }

    /// <summary>All pages of a conversation from a page's end on.</summary>
    public static async Task<List<string>> WalkOnAsync(this RunningNode node, string conversation, uint pageSize, ListMessagesResponse first, string author = "")
    {
        var texts = Texts(first.Batches);
        for (var page = first; page.HasNewer;)
        {
            var after = page.Newer;
            page = await node.ListAsync(conversation, request => (request.PageSize, request.Author, request.After) = (pageSize, author, after));
            texts.AddRange(Texts(page.Batches));
        }

        return texts;
    }

    /// <summary>Runs SQL on one of a stopped node's databases.</summary>
    public static int Execute(this RunningNode node, string database, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(node.DataDirectory, database)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteNonQuery();
    }
}

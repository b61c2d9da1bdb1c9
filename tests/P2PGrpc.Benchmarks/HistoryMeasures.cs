using System.Globalization;
using P2PGrpc.Benchmarks.Contenders;
using P2PGrpc.Benchmarks.Measuring;
using P2PGrpc.Benchmarks.Reporting;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;

namespace P2PGrpc.Benchmarks;

/// <summary>Pages and searches in a long conversation, as a client sees them: each a call through the node's socket.</summary>
internal static class HistoryMeasures
{
    private const long Messages = 1_000_000;
    private const int Calls = 300;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public static async Task<Outcome> RunAsync(BenchmarkSettings settings)
    {
        await using var setup = new Setup();
        var node = NodeContenders.AddNode(setup, "alice");
        var count = Math.Min(Messages, settings.History);
        var room = new StoredRoom();
        // Its directory is made by a first start.
        await node.StartAsync();
        await node.StopAsync();
        await room.WriteAsync(node.DataDirectory, count);
        await node.StartAsync();
        var startedAt = TimeProvider.System.GetTimestamp();
        await Eventually.HoldsAsync(
            "all is indexed", async () => (await node.Client.Conversations.ListConversationsAsync(new ListConversationsRequest())).Behind == 0, Patience);
        var took = TimeProvider.System.GetElapsedTime(startedAt).TotalSeconds;
        var index = new FileInfo(Path.Combine(node.DataDirectory, "history.db")).Length;
        var facts = new List<Fact>
        {
            new(Names.Indexing, took, "s", string.Create(
                CultureInfo.InvariantCulture, $"of {count:N0} messages from nothing, with somebody waiting for it; the index takes {index / 1e6:N0} MB of disk")),
        };
        facts.AddRange(await MeasurePagesAsync(node, room));
        facts.AddRange(await MeasureSearchesAsync(node, room));
        return Outcome.Of(facts);
    }

    private static async Task<IReadOnlyList<Fact>> MeasurePagesAsync(NodeProcess node, StoredRoom room)
    {
        var conversation = StoredRoom.Conversation.ToString();
        var from = await FindTimeAsync(node, new ListMessagesRequest { Conversation = conversation, FromMs = 0, PageSize = 1 });
        var to = await FindTimeAsync(node, new ListMessagesRequest { Conversation = conversation, PageSize = 1 });
        var random = new Random(2);
        return
        [
            await TimeAsync(Names.NewestPage, _ => ListAsync(node, new ListMessagesRequest { Conversation = conversation })),
            await TimeAsync(Names.AnyPage, _ => ListAsync(
                node, new ListMessagesRequest { Conversation = conversation, BeforeMs = from + (ulong)(random.NextDouble() * (to - from)) })),
            await TimeAsync(Names.AuthorPage, call => ListAsync(
                node, new ListMessagesRequest { Conversation = conversation, Author = room.AuthorOf(call), Before = random.NextInt64(1000, 900_000).ToString(CultureInfo.InvariantCulture) })),
        ];
    }

    private static async Task<IReadOnlyList<Fact>> MeasureSearchesAsync(NodeProcess node, StoredRoom room)
    {
        var random = new Random(3);
        return
        [
            await TimeAsync(Names.SearchRare, _ => SearchAsync(node, new SearchMessagesRequest { Query = StoredRoom.WordOf(random.Next(5_000, 20_000)) })),
            await TimeAsync(Names.SearchCommon, _ => SearchAsync(node, new SearchMessagesRequest { Query = StoredRoom.WordOf(random.Next(20)) })),
            await TimeAsync(Names.SearchTwo, call => SearchAsync(node, new SearchMessagesRequest
            {
                Query = $"{StoredRoom.WordOf(random.Next(20))} {StoredRoom.WordOf(random.Next(1000))}",
                Author = room.AuthorOf(call),
                Conversation = StoredRoom.Conversation.ToString(),
            })),
        ];
    }

    private static async Task<Fact> TimeAsync(string name, Func<int, Task<int>> call)
    {
        var times = new List<double>();
        var shown = 0L;
        for (var i = 0; i < Calls; i++)
        {
            var startedAt = TimeProvider.System.GetTimestamp();
            shown += await call(i);
            times.Add(TimeProvider.System.GetElapsedTime(startedAt).TotalMilliseconds);
        }
        times.Sort();
        return new Fact(name, times[Calls * 95 / 100], "ms", string.Create(
            CultureInfo.InvariantCulture, $"p95 of {Calls} calls; p50 {times[Calls / 2]:0.0} ms, longest {times[^1]:0.0} ms, {(double)shown / Calls:0.#} messages shown"));
    }

    private static async Task<int> ListAsync(NodeProcess node, ListMessagesRequest request) => Count((await node.Client.Conversations.ListMessagesAsync(request)).Batches);

    private static async Task<int> SearchAsync(NodeProcess node, SearchMessagesRequest request) =>
        Count((await node.Client.Conversations.SearchMessagesAsync(request)).Batches);

    private static async Task<ulong> FindTimeAsync(NodeProcess node, ListMessagesRequest request) =>
        (await node.Client.Conversations.ListMessagesAsync(request)).Batches[0].Messages[0].Clock >> 16;

    private static int Count(IEnumerable<MessageBatch> batches) => batches.Sum(batch => batch.Messages.Count);
}

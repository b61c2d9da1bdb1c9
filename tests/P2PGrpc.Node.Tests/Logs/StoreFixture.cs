using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>A store in a directory of its own, which can be closed and opened again.</summary>
internal sealed class StoreFixture : IAsyncDisposable
{
    /// <summary>Takes away what version 4 of the database brought.</summary>
    public const string BackToVersion3 =
        "DROP TABLE retention; DROP TABLE erased; DROP TABLE spared; DROP TABLE arrival; DROP TABLE author_weight; DROP TABLE address_record; "
        + "DROP TABLE own_addresses; DROP TABLE invite; DROP TABLE redemption; DROP TABLE read_mark; PRAGMA user_version = 3; ";

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("p2pgrpc-store-");

    public StoreFixture(Func<LogStoreOptions, LogStoreOptions>? configure = null, int identity = 1)
    {
        Identity = MakeKey(identity);
        Options = new LogStoreOptions { DatabasePath = Path.Combine(directory.FullName, "p2pgrpc.db") };
        Options = configure?.Invoke(Options) ?? Options;
        Store = Open();
    }

    /// <summary>The longest wait for anything, from the call on: far above what it takes, so that only a real failure ends it.</summary>
    public static CancellationToken Deadline
    {
        get
        {
            var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
            limit.CancelAfter(TimeSpan.FromSeconds(60));
            return limit.Token;
        }
    }

    public IdentityKey Identity { get; }

    public LogStoreOptions Options { get; set; }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public LogStore Store { get; private set; }

    public ConversationId Conversation => ConversationId.Direct(Identity.PeerId, MakeKey(2).PeerId);

    public static IdentityKey MakeKey(int number)
    {
        var seed = new byte[IdentityKey.SeedLength];
        seed[0] = (byte)number;
        return IdentityKey.FromSeed(seed);
    }

    public static Draft MakeDraft(string text, string? messageId = null) =>
        new(new Protocol.Content { Text = text, MessageId = messageId ?? "" }.ToByteArray(), messageId);

    /// <summary>A signed segment of one text by somebody else, after a head.</summary>
    public static (SegmentHeader Header, SegmentBytes Body) MakeSegment(IdentityKey author, LogKey log, Head after, params string[] texts)
    {
        var builder = new SegmentBodyBuilder();
        foreach (var text in texts)
            builder.TryAdd(new Protocol.Entry { Clock = 1, Content = new Protocol.Content { Text = text } }.ToByteArray());
        var body = builder.Build();
        return (SegmentHeader.Sign(author, log, after, texts.Length, body, []), new SegmentBytes(body));
    }

    public static List<string> ReadTexts(SegmentHeader header, ReadOnlyMemory<byte> body) =>
        [.. SegmentBodyReader.Read(header, body).Select(entry => entry!.Content.Text)];

    public Task<AppendResult[]> AppendAsync(params string[] texts) =>
        Store.AppendAsync(Conversation, [.. texts.Select(text => MakeDraft(text))], Deadline);

    /// <summary>
    /// Waits until all that was written so far has been told, too. A batch is answered before its watchers are told, so the first operation may
    /// come back ahead of them; the second one is of a later batch, which begins when they have been told.
    /// </summary>
    public async Task SettleAsync()
    {
        await Store.WriteAsync(new SqlOperation(""), Deadline);
        await Store.WriteAsync(new SqlOperation(""), Deadline);
    }

    /// <summary>All texts of the feed in order.</summary>
    public List<string> ReadAll()
    {
        var texts = new List<string>();
        var after = 0ul;
        while (Store.ReadFeed(after, 16, 1 << 20) is { Segments: { Count: > 0 } segments })
        {
            foreach (var segment in segments)
                texts.AddRange(ReadTexts(segment.Header, segment.Body));
            after = segments[^1].LastPosition;
        }

        return texts;
    }

    /// <summary>Closes the store, lets something happen to the file, and opens it again.</summary>
    public async Task ReopenAsync(Action? meanwhile = null)
    {
        await Store.DisposeAsync();
        meanwhile?.Invoke();
        Store = Open();
    }

    /// <summary>Runs SQL on a connection of its own.</summary>
    public int Execute(string sql)
    {
        using var connection = StoreConnection.OpenWriter(Options.DatabasePath);
        return connection.Execute(sql);
    }

    public async ValueTask DisposeAsync()
    {
        await Store.DisposeAsync();
        Identity.Dispose();
        directory.Delete(recursive: true);
    }

    private LogStore Open() => LogStore.Open(Options, Identity, Time, NullLogger<LogStore>.Instance);
}

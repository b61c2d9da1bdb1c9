using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Benchmarks;

/// <summary>Logs as a node leaves them that was started very often: one for each start, each with one message. Written into the databases of stopped nodes.</summary>
internal static class StoredLogs
{
    /// <param name="author">The data directory of who wrote them.</param>
    /// <param name="reader">The data directory of whom they were written to.</param>
    /// <param name="count">How many.</param>
    public static async Task WriteAsync(string author, string reader, int count)
    {
        using var authors = DataDirectory.Open(author);
        using var readers = DataDirectory.Open(reader);
        using var writing = IdentityFile.LoadOrCreate(authors.IdentityPath);
        using var reading = IdentityFile.LoadOrCreate(readers.IdentityPath);
        var segments = Sign(writing, ConversationId.Direct(writing.PeerId, reading.PeerId), count).ToList();
        await StoreAsync(authors, writing, segments);
        await StoreAsync(readers, reading, segments);
    }

    private static IEnumerable<(SegmentHeader Header, SegmentBytes Body)> Sign(IdentityKey author, ConversationId conversation, int count)
    {
        for (var epoch = 1ul; epoch <= (ulong)count; epoch++)
        {
            var log = new LogKey(conversation, author.PeerId, epoch);
            var builder = new SegmentBodyBuilder();
            builder.TryAdd(new Entry { Clock = epoch, Content = new Content { Text = "started" } }.ToByteArray());
            var body = builder.Build();
            yield return (SegmentHeader.Sign(author, log, log.ToLogId().Empty, 1, body, []), new SegmentBytes(body));
        }
    }

    private static async Task StoreAsync(DataDirectory directory, IdentityKey owner, List<(SegmentHeader Header, SegmentBytes Body)> segments)
    {
        var options = new LogStoreOptions { DatabasePath = directory.DatabasePath };
        await using var store = LogStore.Open(options, owner, TimeProvider.System, NullLogger<LogStore>.Instance);
        var last = store.LastPosition + (ulong)segments.Count;
        foreach (var (header, body) in segments)
            store.Store(header, body, 0);
        await store.WaitBeyondAsync(last - 1, CancellationToken.None);
    }
}

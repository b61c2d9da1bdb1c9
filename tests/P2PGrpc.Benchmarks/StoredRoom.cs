using System.Globalization;
using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using SegmentHeader = P2PGrpc.Core.Logs.SegmentHeader;

namespace P2PGrpc.Benchmarks;

/// <summary>A long conversation of many authors, written into the database of a stopped node. Words are as common as in a language: the k-th is met 1/k as often as the first.</summary>
internal sealed class StoredRoom
{
    private const int Authors = 20;
    private const int Vocabulary = 20_000;
    private const int LongestSegment = 20;

    /// <summary>About a hundred bytes.</summary>
    private const int Words = 15;

    /// <summary>The node itself is no member; it holds what those wrote whom the room has admitted.</summary>
    private static readonly RoomSecret Room = new([.. Enumerable.Repeat((byte)7, RoomSecret.Length)]);

    private readonly Random random = new(1);
    private readonly double[] reach = [.. Enumerable.Range(1, Vocabulary).Select(rank => 1.0 / rank)];
    private readonly Member[] members = [.. Enumerable.Range(1, Authors).Select(number => new Member(number))];

    public StoredRoom()
    {
        for (var rank = 1; rank < Vocabulary; rank++)
            reach[rank] += reach[rank - 1];
    }

    public static ConversationId Conversation => Room.Conversation;

    /// <summary>The id of one of the authors.</summary>
    public string AuthorOf(int number) => members[number % Authors].Key.PeerId.ToString();

    /// <summary>The word of a rank, the most common being 0.</summary>
    public static string WordOf(int rank) => string.Create(CultureInfo.InvariantCulture, $"w{rank}x");

    public async Task WriteAsync(string dataDirectory, long count)
    {
        using var directory = DataDirectory.Open(dataDirectory);
        using var owner = IdentityFile.LoadOrCreate(directory.IdentityPath);
        await using var store = LogStore.Open(new LogStoreOptions { DatabasePath = directory.DatabasePath }, owner, TimeProvider.System, NullLogger<LogStore>.Instance);
        var clock = HybridClock.ToStamp(TimeProvider.System.GetUtcNow()) - ((ulong)count << 16);
        for (var written = 0L; written < count;)
        {
            var (header, body) = Sign(members[random.Next(Authors)], 1 + random.Next(LongestSegment), ref clock);
            store.Store(header, new SegmentBytes(body), 0);
            written += header.Count;
            // Nothing bounds what is handed to a store but what waits for it.
            if (written % 10_000 < LongestSegment)
                await store.WaitBeyondAsync((ulong)written - 1, CancellationToken.None);
        }
    }

    private (SegmentHeader Header, byte[] Body) Sign(Member author, int count, ref ulong clock)
    {
        var builder = new SegmentBodyBuilder();
        for (var index = 0; index < count; index++)
        {
            clock += 1 << 16;
            var text = string.Join(' ', Enumerable.Range(0, Words).Select(_ => WordOf(Draw())));
            builder.TryAdd(new Entry { Clock = clock, Content = new Content { Text = text } }.ToByteArray());
        }

        var body = builder.Build();
        byte[] opening = author.Head.Sequence == 0 ? new Opening { Admission = ByteString.CopyFrom(Room.Admit(author.Key.PeerId)) }.ToByteArray() : [];
        var header = SegmentHeader.Sign(author.Key, author.Log, author.Head, count, body, opening);
        author.Head = header.Head;
        return (header, body);
    }

    private int Draw()
    {
        var found = Array.BinarySearch(reach, random.NextDouble() * reach[^1]);
        return Math.Min(found < 0 ? ~found : found, Vocabulary - 1);
    }

    private sealed class Member
    {
        public Member(int number)
        {
            var seed = new byte[IdentityKey.SeedLength];
            seed[0] = (byte)number;
            Key = IdentityKey.FromSeed(seed);
            Log = new LogKey(Conversation, Key.PeerId, 1);
            Head = Log.ToLogId().Empty;
        }

        public IdentityKey Key { get; }

        public LogKey Log { get; }

        public Core.Logs.Head Head { get; set; }
    }
}

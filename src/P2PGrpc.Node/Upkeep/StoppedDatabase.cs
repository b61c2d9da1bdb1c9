using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;

namespace P2PGrpc.Node.Upkeep;

/// <summary>What the end of a database shows while its node does not run.</summary>
/// <param name="Peers">Whom the node knows.</param>
/// <param name="Stamps">Who wrote the newest messages, and when by their clocks; true for the node's own.</param>
/// <param name="Damage">What is wrong with the end; null if it is whole.</param>
internal sealed record StoppedDatabase(IReadOnlyList<PeerRecord> Peers, IReadOnlyList<(string Author, bool Own, ulong Stamp)> Stamps, string? Damage)
{
    /// <summary>As many as a start verifies.</summary>
    private const int VerifiedSegments = 64;

    public static StoppedDatabase Nothing { get; } = new([], [], null);

    /// <param name="connection">A reader's.</param>
    /// <param name="self">Whose it is; null if that is not known.</param>
    /// <exception cref="Microsoft.Data.Sqlite.SqliteException">It can't be read.</exception>
    public static StoppedDatabase Read(StoreConnection connection, PeerId? self)
    {
        var peers = PeerTable.Load(connection.Sqlite);
        var stamps = new List<(string Author, bool Own, ulong Stamp)>();
        try
        {
            FeedReader.Verify(connection, VerifiedSegments, ulong.MaxValue >> 1, segment =>
            {
                var author = segment.Header.Log.Author;
                if (!segment.Erased && SegmentBodyReader.ReadOne(segment.Header, segment.Body, 0) is { } entry)
                    stamps.Add((peers.FirstOrDefault(peer => peer.PeerId == author)?.Label ?? author.ToString(), author == self, entry.Clock));
            });
            return new StoppedDatabase(peers, stamps, null);
        }
        catch (IOException damaged)
        {
            return new StoppedDatabase(peers, stamps, damaged.Message);
        }
    }
}

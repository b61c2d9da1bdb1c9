using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Rooms;

/// <summary>This node's own address records, one for each room, under a sequence that grows whenever the addresses change. Signing is repeatable, so that the same
/// addresses make the same record after a restart, and nobody has to be told anew. Thread-safe.</summary>
internal sealed class OwnAddresses
{
    private readonly LogStore store;
    private readonly IdentityKey identity;
    private readonly string[] addresses;
    private readonly Lock gate = new();
    private readonly Dictionary<ConversationId, AddressRecord> records = [];
    private readonly ulong last;
    private ulong sequence;

    /// <param name="store">Keeps the sequence.</param>
    /// <param name="identity">Signs.</param>
    /// <param name="addresses">Where others can dial this node; none if nobody can.</param>
    public OwnAddresses(LogStore store, IdentityKey identity, IEnumerable<PeerAddress> addresses)
    {
        this.store = store;
        this.identity = identity;
        this.addresses = [.. addresses.Select(address => address.ToString()).Take(AddressRecord.AddressCount)];
        (last, var said) = store.Query(Read);
        if (said == Text)
            sequence = last;
    }

    /// <summary>True if the sequence of these addresses is on disk. Nobody may see one that could be used once more after a crash.</summary>
    public bool IsReady => addresses.Length == 0 || Volatile.Read(ref sequence) > 0;

    /// <summary>Puts it there.</summary>
    /// <exception cref="StoreException">The store takes nothing.</exception>
    public Task PrepareAsync(CancellationToken cancellationToken) => WriteAsync(last + 1, cancellationToken);

    /// <summary>What to tell of this node in a room; null if nobody can dial it, or it is not ready.</summary>
    public AddressRecord? Find(ConversationId room)
    {
        lock (gate)
        {
            if (addresses.Length == 0 || sequence == 0)
                return null;
            if (records.GetValueOrDefault(room) is { } signed && signed.Sequence == sequence)
                return signed;
            return records[room] = AddressRecord.Sign(identity, room, sequence, addresses);
        }
    }

    /// <summary>True if others hold a record that this node has signed and forgotten, as an older database lets it: what it says now would not count.</summary>
    public bool IsOutdatedBy(AddressRecord signed) =>
        IsReady && addresses.Length > 0 && signed.Sequence >= Volatile.Read(ref sequence) && !signed.Addresses.SequenceEqual(addresses);

    /// <summary>Goes on above the sequence of such a record. The records made from now on count.</summary>
    public Task OutdoAsync(AddressRecord signed, CancellationToken cancellationToken) => WriteAsync(signed.Sequence + 1, cancellationToken);

    private string Text => string.Join(' ', addresses);

    private async Task WriteAsync(ulong next, CancellationToken cancellationToken)
    {
        if (next >= LogLimits.Sequence)
            return;
        await store.WriteAsync(new Write(next, Text), cancellationToken).ConfigureAwait(false);
        lock (gate)
            sequence = next;
    }

    private static (ulong Sequence, string Addresses) Read(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT sequence, addresses FROM own_addresses";
        using var reader = command.ExecuteReader();
        return reader.Read() ? ((ulong)reader.GetInt64(0), reader.GetString(1)) : (0, "");
    }

    private sealed class Write(ulong sequence, string addresses) : WriteOperation
    {
        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = "INSERT OR REPLACE INTO own_addresses(id, sequence, addresses) VALUES (1, $sequence, $addresses)";
            command.Parameters.Add("$sequence", SqliteType.Integer).Value = (long)sequence;
            command.Parameters.Add("$addresses", SqliteType.Text).Value = addresses;
            command.ExecuteNonQuery();
        }
    }
}

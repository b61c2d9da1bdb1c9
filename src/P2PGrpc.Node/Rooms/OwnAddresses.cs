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
    private ulong sequence;

    private OwnAddresses(LogStore store, IdentityKey identity, string[] addresses) =>
        (this.store, this.identity, this.addresses) = (store, identity, addresses);

    /// <param name="store">Keeps the sequence.</param>
    /// <param name="identity">Signs.</param>
    /// <param name="addresses">Where others can dial this node; none if nobody can.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<OwnAddresses> OpenAsync(
        LogStore store, IdentityKey identity, IEnumerable<PeerAddress> addresses, CancellationToken cancellationToken)
    {
        var own = new OwnAddresses(store, identity, [.. addresses.Select(address => address.ToString()).Take(AddressRecord.AddressCount)]);
        var (last, said) = store.Query(Read);
        own.sequence = last;
        if (own.addresses.Length > 0 && said != own.Text)
            await own.WriteAsync(last + 1, cancellationToken).ConfigureAwait(false);
        return own;
    }

    /// <summary>What to tell of this node in a room; null if nobody can dial it.</summary>
    public AddressRecord? Find(ConversationId room)
    {
        if (addresses.Length == 0)
            return null;
        lock (gate)
        {
            if (records.GetValueOrDefault(room) is { } signed && signed.Sequence == sequence)
                return signed;
            return records[room] = AddressRecord.Sign(identity, room, sequence, addresses);
        }
    }

    /// <summary>True if others hold a record that this node has signed and forgotten, as an older database lets it: what it says now would not count.</summary>
    public bool IsOutdatedBy(AddressRecord signed) =>
        addresses.Length > 0 && signed.Sequence >= Volatile.Read(ref sequence) && !signed.Addresses.SequenceEqual(addresses);

    /// <summary>Goes on above the sequence of such a record. The records made from now on count.</summary>
    public Task OutdoAsync(AddressRecord signed, CancellationToken cancellationToken) => WriteAsync(signed.Sequence + 1, cancellationToken);

    private string Text => string.Join(' ', addresses);

    private async Task WriteAsync(ulong next, CancellationToken cancellationToken)
    {
        if (next >= LogLimits.Sequence)
            return;
        // Nobody may see a sequence that could be used once more after a crash.
        await store.WriteAsync(new Write(next, Text), cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref sequence, next);
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

using System.Text.Json;
using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Peers;

/// <summary>The peer book on disk: one row a record, in the node's database. What can't be read is left out, not fatal.</summary>
internal sealed class PeerTable(LogStore store)
{
    public IReadOnlyList<PeerRecord> Load() => store.Query(Load);

    /// <summary>The same of any database of a node.</summary>
    public static IReadOnlyList<PeerRecord> Load(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT json FROM peer ORDER BY key";
        using var reader = command.ExecuteReader();
        var records = new List<PeerRecord>();
        while (reader.Read())
            if (Read(reader.GetString(0)) is { } record)
                records.Add(record);
        return records;
    }

    /// <summary>Replaces rows in one transaction, with whatever else is to be done in it. Completes once they are on disk.</summary>
    public Task WriteAsync(
        IReadOnlyList<string> removed, IReadOnlyList<PeerRecord> written, WriteOperation? besides, CancellationToken cancellationToken) =>
        store.WriteAsync(new PeerWrite(removed, written, besides), cancellationToken);

    private static PeerRecord? Read(string json)
    {
        try
        {
            var row = JsonSerializer.Deserialize(json, PeerRowContext.Default.PeerRow);
            // What the file says counts, not what the type promises: JSON's null gets past it.
            if (row is not { PeerId: not null, Addresses: not null })
                return null;
            PeerId? peer = PeerId.TryParse(row.PeerId, out var parsed) ? parsed : null;
            var addresses = PeerAddress.ParseAll(row.Addresses);
            return peer is null && addresses.Count == 0 ? null : new PeerRecord(peer, row.Alias, addresses, row.Admission)
            {
                IsStranger = row.IsStranger,
                Configured = [.. PeerAddress.ParseAll(row.Configured ?? []).Where(addresses.Contains)],
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private sealed class PeerWrite(IReadOnlyList<string> removed, IReadOnlyList<PeerRecord> written, WriteOperation? besides) : WriteOperation
    {
        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = "DELETE FROM peer WHERE key = $key";
            var key = command.Parameters.Add("$key", SqliteType.Text);
            foreach (var gone in removed)
            {
                key.Value = gone;
                command.ExecuteNonQuery();
            }

            command.CommandText = "INSERT INTO peer(key, json) VALUES ($key, $json) ON CONFLICT(key) DO UPDATE SET json = excluded.json";
            var json = command.Parameters.Add("$json", SqliteType.Text);
            foreach (var record in written)
            {
                key.Value = record.Key;
                var row = new PeerRow(record.PeerId?.ToString() ?? "", record.Alias, [.. record.Addresses.Select(a => a.ToString())], record.Admission, record.IsStranger,
                    record.Configured.Count > 0 ? [.. record.Configured.Select(a => a.ToString())] : null);
                json.Value = JsonSerializer.Serialize(row, PeerRowContext.Default.PeerRow);
                command.ExecuteNonQuery();
            }

            besides?.Execute(connection, transaction);
        }
    }
}

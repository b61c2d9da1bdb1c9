using System.Collections.Immutable;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;

namespace P2PGrpc.Node.Rooms;

/// <summary>The rooms on disk: one row each, in the node's database. What can't be read is left out, not fatal.</summary>
internal sealed class RoomTable(LogStore store, PeerId self)
{
    public IReadOnlyList<RoomRecord> Load() => store.Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT conversation, json FROM room";
        using var reader = command.ExecuteReader();
        var rooms = new List<RoomRecord>();
        while (reader.Read())
            if (reader.GetValue(0) is byte[] bytes && ConversationId.TryRead(bytes, out var conversation) && Read(conversation, reader.GetString(1)) is { } room)
                rooms.Add(room);
        return rooms;
    });

    /// <summary>Writes rooms in one transaction. Completes once they are on disk.</summary>
    public Task WriteAsync(IReadOnlyList<RoomRecord> rooms, CancellationToken cancellationToken) =>
        store.WriteAsync(new RoomWrite(rooms), cancellationToken);

    private RoomRecord? Read(ConversationId conversation, string json)
    {
        try
        {
            // What the file says counts, not what the type promises: JSON's null gets past it.
            if (JsonSerializer.Deserialize(json, RoomRowContext.Default.RoomRow) is not { Name: not null, Peers: not null } row)
                return null;
            if (row.Secret is null)
                return new RoomRecord(conversation, row.Name, null, default, []) { Muted = ReadMuted(row), HasMembers = row.HasMembers };
            if (!Bytes32.TryParse(row.Secret, out var secret) || new RoomSecret(secret.ToArray()) is var known && known.Conversation != conversation)
                return null;
            return new RoomRecord(conversation, row.Name, known, known.Admit(self), [.. row.Peers.Select(ReadPeer).OfType<RoomPeer>()])
            {
                Muted = ReadMuted(row),
                HasMembers = row.HasMembers,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ImmutableHashSet<PeerId> ReadMuted(RoomRow row) =>
        [.. (row.Muted ?? []).Select(text => PeerId.TryParse(text ?? "", out var peer) ? peer : (PeerId?)null).OfType<PeerId>()];

    private static RoomPeer? ReadPeer(RoomPeerRow? row)
    {
        return row is { PeerId: not null, Addresses: not null } && PeerId.TryParse(row.PeerId, out var peer)
            ? new RoomPeer(peer, PeerAddress.ParseNamedByOthers(row.Addresses))
            : null;
    }

    private sealed class RoomWrite(IReadOnlyList<RoomRecord> rooms) : WriteOperation
    {
        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText =
                "INSERT INTO room(conversation, json) VALUES ($conversation, $json) ON CONFLICT(conversation) DO UPDATE SET json = excluded.json";
            var conversation = command.Parameters.Add("$conversation", SqliteType.Blob);
            var json = command.Parameters.Add("$json", SqliteType.Text);
            foreach (var room in rooms)
            {
                conversation.Value = room.Conversation.Value.ToArray();
                var row = new RoomRow(
                    room.Name, room.Secret is { } secret ? Base32.Encode(secret.ToArray()) : null,
                    [.. room.Peers.Select(peer => new RoomPeerRow(peer.PeerId.ToString(), [.. peer.Addresses.Select(address => address.ToString())]))],
                    room.Muted.Count > 0 ? [.. room.Muted.Select(member => member.ToString())] : null, room.HasMembers);
                json.Value = JsonSerializer.Serialize(row, RoomRowContext.Default.RoomRow);
                command.ExecuteNonQuery();
            }
        }
    }
}

using Google.Protobuf;
using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Wire;
using AddressRecord = P2PGrpc.Core.Rooms.AddressRecord;

namespace P2PGrpc.Node.Rooms;

/// <summary>The address records of rooms' members on disk: one row each. What can't be read, or is not signed, is left out, not fatal.</summary>
internal sealed class MemberTable(LogStore store)
{
    public IReadOnlyList<AddressRecord> Load() => store.Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT conversation, record FROM address_record";
        using var reader = command.ExecuteReader();
        var records = new List<AddressRecord>();
        while (reader.Read())
            if (reader.GetValue(0) is byte[] id && ConversationId.TryRead(id, out var conversation) && reader.GetValue(1) is byte[] bytes
                && Read(conversation, bytes) is { } record)
                records.Add(record);
        return records;
    });

    /// <summary>Writes a record and takes out another one, in one transaction. Completes once it is on disk.</summary>
    public Task WriteAsync(AddressRecord written, AddressRecord? removed, CancellationToken cancellationToken) =>
        store.WriteAsync(new RecordWrite(written, removed), cancellationToken);

    public Task RemoveAsync(AddressRecord removed, CancellationToken cancellationToken) => store.WriteAsync(new RecordWrite(null, removed), cancellationToken);

    /// <summary>Takes out all records of a room.</summary>
    public Task RemoveAsync(ConversationId conversation, CancellationToken cancellationToken) =>
        store.WriteAsync(new RoomRemoval(conversation), cancellationToken);

    private static AddressRecord? Read(ConversationId conversation, byte[] bytes)
    {
        try
        {
            return MembersFrames.TryRead(conversation, Protocol.AddressRecord.Parser.ParseFrom(bytes), out var record) && record!.IsSigned() ? record : null;
        }
        catch (InvalidProtocolBufferException)
        {
            return null;
        }
    }

    private sealed class RecordWrite(AddressRecord? written, AddressRecord? removed) : WriteOperation
    {
        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            var conversation = command.Parameters.Add("$conversation", SqliteType.Blob);
            var peer = command.Parameters.Add("$peer", SqliteType.Blob);
            if (removed is not null)
            {
                (conversation.Value, peer.Value) = (removed.Conversation.Value.ToArray(), removed.Peer.ToArray());
                command.CommandText = "DELETE FROM address_record WHERE conversation = $conversation AND peer = $peer";
                command.ExecuteNonQuery();
            }

            if (written is null)
                return;
            (conversation.Value, peer.Value) = (written.Conversation.Value.ToArray(), written.Peer.ToArray());
            command.CommandText = "INSERT OR REPLACE INTO address_record(conversation, peer, record) VALUES ($conversation, $peer, $record)";
            command.Parameters.Add("$record", SqliteType.Blob).Value = MembersFrames.WriteRecord(written).ToByteArray();
            command.ExecuteNonQuery();
        }
    }

    private sealed class RoomRemoval(ConversationId conversation) : WriteOperation
    {
        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = "DELETE FROM address_record WHERE conversation = $conversation";
            command.Parameters.Add("$conversation", SqliteType.Blob).Value = conversation.Value.ToArray();
            command.ExecuteNonQuery();
        }
    }
}

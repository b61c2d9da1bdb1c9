using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.History;

/// <summary>Through which position each conversation is read. In the node's own database: it is the one part of the history that can't be built again. Thread-safe.</summary>
internal sealed class ReadMarks(LogStore store)
{
    public ulong Find(ConversationId conversation) => store.Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT position FROM read_mark WHERE conversation = $1";
        command.Parameters.AddWithValue("$1", conversation.Value.ToArray());
        return command.ExecuteScalar() is long position ? (ulong)position : 0;
    });

    /// <summary>Moves a mark, only forward. Completes once that is on disk.</summary>
    /// <exception cref="StoreException">It could not be stored.</exception>
    public Task MoveAsync(ConversationId conversation, ulong position, CancellationToken cancellationToken) =>
        store.WriteAsync(new MarkMove(conversation, position), cancellationToken);

    private sealed class MarkMove(ConversationId conversation, ulong position) : WriteOperation
    {
        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = """
                INSERT INTO read_mark (conversation, position) VALUES ($1, $2)
                ON CONFLICT (conversation) DO UPDATE SET position = excluded.position WHERE excluded.position > position
                """;
            command.Parameters.AddWithValue("$1", conversation.Value.ToArray());
            command.Parameters.AddWithValue("$2", (long)position);
            command.ExecuteNonQuery();
        }
    }
}

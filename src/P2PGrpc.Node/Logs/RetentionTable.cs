using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Logs;

/// <summary>What single conversations keep, as the database holds it.</summary>
internal static class RetentionTable
{
    public static Dictionary<ConversationId, RetentionLimits> Read(SqliteConnection connection)
    {
        var limits = new Dictionary<ConversationId, RetentionLimits>();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT conversation, days, bytes FROM retention";
        using var row = command.ExecuteReader();
        while (row.Read())
        {
            if (SegmentRow.ReadBytes32(row, 0) is { } conversation)
                limits[new ConversationId(conversation)] = new RetentionLimits(row.IsDBNull(1) ? null : row.GetInt32(1), row.IsDBNull(2) ? null : row.GetInt64(2));
        }

        return limits;
    }

    /// <summary>Keeps a conversation's limits, or forgets them if there are none.</summary>
    internal sealed class Change(ConversationId conversation, RetentionLimits limits) : WriteOperation
    {
        public override bool MakesRoom => true;

        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = limits.IsEmpty
                ? "DELETE FROM retention WHERE conversation = $conversation"
                : "INSERT OR REPLACE INTO retention (conversation, days, bytes) VALUES ($conversation, $days, $bytes)";
            command.Parameters.AddWithValue("$conversation", conversation.Value.ToArray());
            if (!limits.IsEmpty)
            {
                command.Parameters.AddWithValue("$days", (object?)limits.Days ?? DBNull.Value);
                command.Parameters.AddWithValue("$bytes", (object?)limits.Bytes ?? DBNull.Value);
            }

            command.ExecuteNonQuery();
        }
    }
}

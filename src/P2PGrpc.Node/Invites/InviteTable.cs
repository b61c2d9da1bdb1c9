using Microsoft.Data.Sqlite;
using P2PGrpc.Core.Invites;
using P2PGrpc.Node.Logs;

namespace P2PGrpc.Node.Invites;

/// <summary>The invites that this node has given, on disk: a row each as long as they are open. Whatever is changed keeps the running time too, from which their
/// ends are reckoned.</summary>
internal sealed class InviteTable(LogStore store)
{
    public RunningTime RunningTime => store.RunningTime;

    public IReadOnlyList<Invite> Load() => store.Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT id, alias, expires_at FROM invite";
        using var reader = command.ExecuteReader();
        var invites = new List<Invite>();
        while (reader.Read())
            if (reader.GetValue(0) is byte[] bytes && InviteId.TryRead(bytes, out var id))
                invites.Add(new Invite(id, reader.GetString(1), reader.GetInt64(2)));
        return invites;
    });

    /// <summary>Writes in one transaction. Completes once it is on disk.</summary>
    public Task WriteAsync(IReadOnlyList<InviteId> removed, Invite? added) => store.WriteAsync(MakeChange(removed, added), CancellationToken.None);

    /// <summary>The same, as a part of somebody else's transaction.</summary>
    public WriteOperation MakeChange(IReadOnlyList<InviteId> removed, Invite? added) => new InviteWrite(store.RunningTime, removed, added);

    private sealed class InviteWrite(RunningTime running, IReadOnlyList<InviteId> removed, Invite? added) : WriteOperation
    {
        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            running.Keep(connection, transaction);
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = "DELETE FROM invite WHERE id = $id";
            var id = command.Parameters.Add("$id", SqliteType.Blob);
            foreach (var gone in removed)
            {
                id.Value = gone.Value.ToArray();
                command.ExecuteNonQuery();
            }

            if (added is null)
                return;
            command.CommandText = "INSERT INTO invite (id, alias, expires_at) VALUES ($id, $alias, $expires)";
            id.Value = added.Id.Value.ToArray();
            command.Parameters.AddWithValue("$alias", added.Alias);
            command.Parameters.AddWithValue("$expires", added.ExpiresAt);
            command.ExecuteNonQuery();
        }
    }
}

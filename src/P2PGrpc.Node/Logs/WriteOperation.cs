using Microsoft.Data.Sqlite;

namespace P2PGrpc.Node.Logs;

/// <summary>Something to be written in the same transactions as the logs.</summary>
internal abstract class WriteOperation
{
    /// <summary>Runs on the writer thread inside a transaction that others share: be short, and neither commit nor roll back. What it throws
    /// undoes this operation alone and goes to its caller, unless it is an error of the disk, which fails the whole transaction.</summary>
    public abstract void Execute(SqliteConnection connection, SqliteTransaction transaction);

    /// <summary>True if it may succeed on a full disk.</summary>
    public virtual bool MakesRoom => false;
}

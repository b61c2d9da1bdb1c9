using Microsoft.Data.Sqlite;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>Holds the writer up until it is opened, so that work gathers behind it.</summary>
internal sealed class BlockingOperation : WriteOperation, IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly ManualResetEventSlim reached = new();
    private readonly ManualResetEventSlim opened = new();

    public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
    {
        reached.Set();
        Assert.True(opened.Wait(Deadline));
    }

    public void WaitUntilReached() => Assert.True(reached.Wait(Deadline));

    public void Open() => opened.Set();

    public void Dispose()
    {
        opened.Set();
        reached.Dispose();
        opened.Dispose();
    }
}

/// <summary>Runs SQL in the writer's transaction, then throws if it is told to.</summary>
internal sealed class SqlOperation(string sql, Exception? failure = null) : WriteOperation
{
    public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
    {
        if (sql.Length > 0)
            SQLitePCL.raw.sqlite3_exec(connection.Handle, sql);
        if (failure is not null)
            throw failure;
    }
}

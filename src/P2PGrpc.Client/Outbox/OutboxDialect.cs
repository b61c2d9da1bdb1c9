namespace P2PGrpc.Client;

/// <summary>Whose SQL the database of an outbox speaks.</summary>
public enum OutboxDialect
{
    /// <summary>SQLite. One process at a time sends from a table; several are harmless only if all use the same node.</summary>
    Sqlite,

    /// <summary>PostgreSQL. Any number of processes may share a table: an advisory lock lets one of them send at a time.</summary>
    PostgreSql,
}

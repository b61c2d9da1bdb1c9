namespace P2PGrpc.Core.Replication;

/// <summary>Which quota is used up.</summary>
internal enum QuotaReason
{
    /// <summary>Logs of one author in one conversation.</summary>
    AuthorLogs,

    /// <summary>Logs of all others in one conversation.</summary>
    AllLogs,

    /// <summary>Bytes held of one author in one conversation.</summary>
    AuthorBytes,

    /// <summary>Bytes held of all others in a room, or of all strangers.</summary>
    AllBytes,

    /// <summary>Bytes a minute of one author in one conversation.</summary>
    AuthorRate,

    /// <summary>Bytes a minute of all others in a room, or of all strangers.</summary>
    AllRate,
}

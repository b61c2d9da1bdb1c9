using P2PGrpc.Core.Replication;

namespace P2PGrpc.Node.Logs;

/// <summary>The store could not do what it was asked to. After Full nothing was written; after Halted the outcome is unknown.</summary>
internal sealed class StoreException(StoreFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    public StoreFailure Failure { get; } = failure;
}

/// <summary>How the store is.</summary>
/// <param name="Writable">False once an error of unknown outcome has stopped all writing, until the store has recovered.</param>
/// <param name="Error">What is wrong; also set while the disk is full, though the store then tries again with each write.</param>
internal sealed record StoreHealth(bool Writable, string? Error);

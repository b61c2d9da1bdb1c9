namespace P2PGrpc.Core.Replication;

/// <summary>Neighbouring sequences of a log whose bodies somebody has erased.</summary>
/// <param name="From">The first of them.</param>
/// <param name="HeldFrom">The first one after them, which may be erased, too: a stretch need not be told to its end.</param>
internal readonly record struct ErasedStretch(ulong From, ulong HeldFrom);

namespace P2PGrpc.Cli.Rendering;

/// <summary>What became of a dead letter that was to be replayed or discarded.</summary>
internal enum DeadLetterOutcome
{
    /// <summary>Its handler was asked to run once more, and nothing is known yet.</summary>
    Asked,

    /// <summary>Its handler has handled it.</summary>
    Replayed,

    /// <summary>Its handler has failed again.</summary>
    Failed,

    /// <summary>Nothing is to be done.</summary>
    Discarded,
}

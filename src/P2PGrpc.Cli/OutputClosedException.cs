namespace P2PGrpc.Cli;

/// <summary>Whoever read the program's output is gone, as after "| head": there is nobody left to tell.</summary>
internal sealed class OutputClosedException(Exception inner) : Exception("The reader of the output is gone.", inner);

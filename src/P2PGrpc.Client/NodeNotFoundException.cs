namespace P2PGrpc.Client;

/// <summary>No connection to a node could be made; the message says where it was looked for and what to do.</summary>
internal sealed class NodeNotFoundException(string message, Exception? inner = null) : IOException(message, inner);

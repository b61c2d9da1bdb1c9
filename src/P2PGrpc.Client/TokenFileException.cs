namespace P2PGrpc.Client;

/// <summary>The file that should hold a node's token is not there, or holds none; the message says which.</summary>
internal sealed class TokenFileException(string message, Exception? inner = null) : Exception(message, inner);

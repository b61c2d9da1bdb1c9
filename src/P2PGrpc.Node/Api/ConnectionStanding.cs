namespace P2PGrpc.Node.Api;

/// <summary>Whether a TCP connection has shown the token.</summary>
internal sealed class ConnectionStanding(Action prove)
{
    /// <summary>A call with the token came over it: it stays as long as it likes.</summary>
    public void Prove() => prove();
}

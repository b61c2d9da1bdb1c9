namespace P2PGrpc.Core.Replication;

/// <summary>Whether the bytes of a conversation are bounded, and with what they are counted together.</summary>
internal enum QuotaScope
{
    /// <summary>They are not: the owner knows who writes.</summary>
    None,

    /// <summary>A room: each author, and all of them together.</summary>
    Room,

    /// <summary>The direct conversation with a peer that came in because everybody may: the peer, and all such peers together.</summary>
    Strangers,
}

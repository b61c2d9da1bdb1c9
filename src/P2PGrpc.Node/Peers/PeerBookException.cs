namespace P2PGrpc.Node.Peers;

/// <summary>What is wrong with a change of the peer book.</summary>
internal enum PeerBookFault
{
    Invalid,
    InvalidAlias,
    Unknown,
    AlreadyExists,
    Ambiguous,
    Full,
    InvalidTicket,
    InvalidExpiry,
    UnknownInvite,
    TooManyInvites,
}

/// <summary>A change of the peer book that can't be made. The message says why and what to do.</summary>
internal sealed class PeerBookException(PeerBookFault fault, string message) : Exception(message)
{
    public PeerBookFault Fault { get; } = fault;
}

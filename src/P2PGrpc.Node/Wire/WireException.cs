using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Wire;

/// <summary>How a connection failed.</summary>
internal enum WireFailure
{
    /// <summary>The connection broke, or the other side ended the call roughly.</summary>
    Reset,

    /// <summary>What came is no frame.</summary>
    Malformed,

    /// <summary>A frame is larger than allowed.</summary>
    TooLarge,

    /// <summary>The other side ended the call with a status.</summary>
    Refused,

    /// <summary>The other side took too long.</summary>
    Timeout,

    /// <summary>The connection can't be made, or the network is gone.</summary>
    Unreachable,
}

/// <summary>A connection failed while it was up. The message holds no control characters and is fit for a log.</summary>
internal sealed class WireException(WireFailure kind, string message, Exception? inner = null) : Exception(message, inner)
{
    public WireFailure Kind { get; } = kind;
}

/// <summary>Why a dial came to nothing.</summary>
internal enum DialFailure
{
    /// <summary>No such host, or nobody listens there.</summary>
    Unreachable,

    /// <summary>Another identity than the expected one answered; <see cref="DialException.Found"/> says which.</summary>
    IdentityMismatch,

    /// <summary>Something answered, but it is no P2PGrpc node.</summary>
    NotAPeer,

    /// <summary>A node answered, proved who it is (<see cref="DialException.Found"/>), and ended the connection.</summary>
    Refused,

    /// <summary>The time for a dial was used up.</summary>
    Timeout,

    /// <summary>The address is none that a node dials because others name it.</summary>
    Forbidden,
}

/// <summary>A dial came to nothing. The message holds no control characters and is fit for a log.</summary>
/// <param name="kind">Why.</param>
/// <param name="detail">A sentence for people.</param>
/// <param name="found">Who answered and proved it by TLS, if anybody did. Known even if that node then refused us.</param>
/// <param name="inner">What lies beneath.</param>
internal sealed class DialException(DialFailure kind, string detail, PeerId? found, Exception? inner = null) : Exception(detail, inner)
{
    public DialFailure Kind { get; } = kind;

    public PeerId? Found { get; } = found;
}

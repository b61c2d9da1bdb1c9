using P2PGrpc.Core.Identity;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>A stream of frames to and from one other node, whose identity TLS has proved. One reader and one writer at a time, independent
/// of each other.
/// Disposing it before <see cref="CompleteAsync"/> breaks the call off.</summary>
internal interface IFrameConnection : IAsyncDisposable
{
    /// <summary>Who is at the other end, by its TLS certificate.</summary>
    PeerId Peer { get; }

    /// <summary>The SPKI of the other side's certificate, for the Hello's signature.</summary>
    ReadOnlyMemory<byte> RemoteKeyInfo { get; }

    /// <summary>The other side's "ip:port".</summary>
    string RemoteAddress { get; }

    /// <summary>True if this node dialled.</summary>
    bool Dialled { get; }

    /// <summary>Hands a frame to the connection; waits while the other side does not take what was sent before. Completing is not delivery.
    /// After a cancelled write the connection is good for nothing but disposal.</summary>
    /// <exception cref="WireException">The connection failed, or the frame is too large.</exception>
    ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken);

    /// <summary>The next frame, or null if the other side has completed. A frame of a kind unknown here comes as one without a kind.
    /// After a cancelled read the connection is good for nothing but disposal.</summary>
    /// <exception cref="WireException">The connection failed, or what came is malformed or too large.</exception>
    ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Ends this side's writing in order: everything written before is still delivered. No write may be under way.</summary>
    ValueTask CompleteAsync();
}

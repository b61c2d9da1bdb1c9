using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Tests.Links;

/// <summary>A connection on which nothing ever comes, and that takes everything.</summary>
internal sealed class SilentConnection : IFrameConnection
{
    public PeerId Peer => default;

    public ReadOnlyMemory<byte> RemoteKeyInfo => default;

    public string RemoteAddress => "";

    public bool Dialled => false;

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken) => ValueTask.FromResult<Frame?>(null);

    public ValueTask CompleteAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

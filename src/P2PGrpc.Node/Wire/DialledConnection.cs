using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using P2PGrpc.Core.Identity;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>The dialling side of a link: one gRPC call on a channel and a TCP connection of its own, which end with it.</summary>
/// <param name="channel">Disposed with the connection, and its handler with it.</param>
/// <param name="call">The Link call.</param>
/// <param name="first">The frame that the dial has read already.</param>
/// <param name="peer">Who was found.</param>
/// <param name="keyInfo">The SPKI of that node's certificate.</param>
/// <param name="remote">Where it was found.</param>
internal sealed class DialledConnection(
    GrpcChannel channel, AsyncDuplexStreamingCall<Frame, InboundFrame> call, Frame first, PeerId peer, byte[] keyInfo, EndPoint remote)
    : IFrameConnection
{
    private Frame? pending = first;

    public PeerId Peer => peer;

    public ReadOnlyMemory<byte> RemoteKeyInfo => keyInfo;

    public string RemoteAddress { get; } = remote.ToString() ?? "";

    public bool Dialled => true;

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken) =>
        FrameStreams.WriteAsync(call.RequestStream, frame, cancellationToken);

    public ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken)
    {
        if (pending is not { } frame)
            return FrameStreams.ReadAsync(call.ResponseStream, cancellationToken);
        pending = null;
        return ValueTask.FromResult<Frame?>(frame);
    }

    public async ValueTask CompleteAsync()
    {
        try
        {
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception error) when (CallErrors.IsFailure(error))
        {
            // The call is over already: there is nothing left to end.
        }
    }

    public ValueTask DisposeAsync()
    {
        call.Dispose();
        channel.Dispose();
        return ValueTask.CompletedTask;
    }
}

using Grpc.Core;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>Reads and writes gRPC's streams with errors as <see cref="WireException"/>s: the same for both sides of a call.</summary>
internal static class FrameStreams
{
    public static async ValueTask<Frame?> ReadAsync(IAsyncStreamReader<InboundFrame> stream, CancellationToken cancellationToken)
    {
        try
        {
            if (!await stream.MoveNext(cancellationToken))
                return null;
        }
        catch (Exception error) when (CallErrors.IsFailure(error))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw CallErrors.ToWireException(error);
        }

        return stream.Current.Frame ?? throw new WireException(WireFailure.Malformed, stream.Current.Fault);
    }

    /// <summary>The frame that the dialled side begins with. gRPC's own exceptions come through, since a dial explains them
    /// better.</summary>
    public static async Task<Frame> ReadFirstAsync(IAsyncStreamReader<InboundFrame> stream, CancellationToken cancellationToken)
    {
        if (!await stream.MoveNext(cancellationToken))
            throw new WireException(WireFailure.Refused, "the call ended without a frame");
        return stream.Current.Frame ?? throw new WireException(WireFailure.Malformed, stream.Current.Fault);
    }

    public static async ValueTask WriteAsync(IAsyncStreamWriter<Frame> stream, Frame frame, CancellationToken cancellationToken)
    {
        try
        {
            // gRPC would end the whole call if it had the token: this only ends the wait.
            await stream.WriteAsync(frame, CancellationToken.None).WaitAsync(cancellationToken);
        }
        catch (Exception error) when (CallErrors.IsFailure(error))
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw CallErrors.ToWireException(error);
        }
    }
}

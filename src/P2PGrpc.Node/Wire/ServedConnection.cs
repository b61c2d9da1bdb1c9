using System.Net;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Core.Identity;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>The side of a link that was dialled: a call that Kestrel serves. It ends when the serving callback returns;
/// in order if it was completed, and by a reset if not.</summary>
internal sealed class ServedConnection(
    HttpContext call, IAsyncStreamReader<InboundFrame> reader, IServerStreamWriter<Frame> writer, PeerId peer, byte[] keyInfo)
    : IFrameConnection
{
    private bool completed;

    public PeerId Peer => peer;

    public ReadOnlyMemory<byte> RemoteKeyInfo => keyInfo;

    public string RemoteAddress { get; } = ToAddress(call.Connection);

    public bool Dialled => false;

    public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken) =>
        FrameStreams.WriteAsync(writer, frame, cancellationToken);

    public ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken) =>
        FrameStreams.ReadAsync(reader, cancellationToken);

    public ValueTask CompleteAsync()
    {
        completed = true;
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync()
    {
        if (!completed)
            call.Abort();
        return ValueTask.CompletedTask;
    }

    private static string ToAddress(ConnectionInfo connection)
    {
        var address = connection.RemoteIpAddress ?? IPAddress.None;
        return new IPEndPoint(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address, connection.RemotePort).ToString();
    }
}

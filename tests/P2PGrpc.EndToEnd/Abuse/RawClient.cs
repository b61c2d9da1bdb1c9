using System.Net;
using P2PGrpc.EndToEnd.Harness;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>Calls to a node's TCP endpoint for clients by hand: with metadata that no library would send, and windows that nobody opens again.</summary>
internal sealed class RawClient(RawConnection connection, string? token) : IAsyncDisposable
{
    /// <summary>The bytes that a stream may send at first (RFC 9113, section 6.9.2).</summary>
    public const int FirstWindow = 65_535;

    private const string Scheme = "http";

    public RawConnection Connection => connection;

    /// <summary>Connects with this token or none.</summary>
    public static async Task<RawClient> ConnectAsync(NodeProcess node, string? token, CancellationToken cancellationToken)
    {
        var connection = await RawConnection.ConnectPlainAsync(new IPEndPoint(IPAddress.Loopback, node.ApiPort), cancellationToken);
        connection.StartReading();
        return new RawClient(connection, token);
    }

    /// <summary>Makes a call with one request. Its answers come on the connection.</summary>
    public async Task CallAsync(int id, string path, byte[] request, CancellationToken cancellationToken, params (string Name, string Value)[] metadata)
    {
        (string, string)[] authorization = token is null ? [] : [("authorization", $"Bearer {token}")];
        await connection.WriteHeadersAsync(id, Http2Frame.WriteCallHeaders(Scheme, path, [.. authorization, .. metadata]), cancellationToken);
        await connection.WriteAsync(Http2FrameType.Data, Http2Frame.EndStream, id, Http2Frame.WriteMessage(request), cancellationToken);
    }

    /// <summary>Begins a call whose header block has no end, and goes on until the node ends it. Gives how many bytes that took.</summary>
    public async Task<long> CallWithoutEndAsync(string path, CancellationToken cancellationToken)
    {
        var sent = 0L;
        var more = Http2Frame.Write(Http2FrameType.Continuation, 0, 1, Http2Frame.WriteField("x-more", new string('m', 10_000)));
        try
        {
            await connection.WriteAsync(Http2FrameType.Headers, 0, 1, Http2Frame.WriteCallHeaders(Scheme, path), cancellationToken);
            for (; !connection.FirstAnswer.IsCompleted; sent += more.Length)
                await connection.WriteAsync(more, cancellationToken);
        }
        catch (IOException)
        {
            // It was told to stop in the midst of a frame.
        }

        return sent;
    }

    /// <summary>Lets a call send so many bytes more.</summary>
    public Task AllowAsync(int id, uint bytes, CancellationToken cancellationToken) =>
        connection.WriteAsync(Http2Frame.WriteInteger(Http2FrameType.WindowUpdate, id, bytes), cancellationToken);

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}

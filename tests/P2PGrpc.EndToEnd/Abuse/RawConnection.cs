using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Threading.Channels;
using P2PGrpc.Node.Identity;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>An HTTP/2 connection on which a test says what it likes. What comes back is read and dropped, but for the data of its streams if wanted,
/// and the first answer to a call.</summary>
internal sealed class RawConnection : IAsyncDisposable
{
    private const int LargestFrame = 16 * 1024;
    private const uint LargestWindow = int.MaxValue;

    /// <summary>The answer of who closes the connection without one.</summary>
    private const string HungUp = "hung up";

    private readonly TcpClient tcp;
    private readonly Stream stream;
    private readonly Channel<byte[]> data = Channel.CreateUnbounded<byte[]>();
    private readonly TaskCompletionSource<string> firstAnswer = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim writing = new(1);
    private long dataLength;
    private Task reading = Task.CompletedTask;

    private RawConnection(TcpClient tcp, Stream stream, byte[] remoteKeyInfo)
    {
        this.tcp = tcp;
        this.stream = stream;
        RemoteKeyInfo = remoteKeyInfo;
    }

    /// <summary>The key of the certificate that the other side showed.</summary>
    public byte[] RemoteKeyInfo { get; }

    /// <summary>The payloads of all DATA frames, in order, until the connection ends.</summary>
    public ChannelReader<byte[]> Data => data.Reader;

    /// <summary>Bytes of all DATA frames so far.</summary>
    public long DataLength => Interlocked.Read(ref dataLength);

    /// <summary>What came first that answers a call: the bytes of a header block as text, or how the call or connection was ended.</summary>
    public Task<string> FirstAnswer => firstAnswer.Task;

    /// <summary>Connects by TLS 1.3 with a certificate, and says the preface and these settings.</summary>
    /// <exception cref="IOException">The other side refused.</exception>
    public static async Task<RawConnection> ConnectAsync(
        IPEndPoint node, NodeCertificate? certificate, CancellationToken cancellationToken, params (ushort Id, uint Value)[] settings)
    {
        var tcp = new TcpClient { NoDelay = true };
        try
        {
            await tcp.ConnectAsync(node, cancellationToken);
            var secure = new SslStream(tcp.GetStream());
            await secure.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "node",
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ApplicationProtocols = [SslApplicationProtocol.Http2],
                    ClientCertificateContext = certificate?.Context,
                    RemoteCertificateValidationCallback = static (_, presented, _, _) => presented is not null,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                },
                cancellationToken);
            using var presented = new X509Certificate2(secure.RemoteCertificate!);
            var connection = new RawConnection(tcp, secure, presented.PublicKey.ExportSubjectPublicKeyInfo());
            await connection.WriteAsync(Http2Frame.Begin(settings), cancellationToken);
            return connection;
        }
        catch (Exception refused) when (refused is AuthenticationException or SocketException)
        {
            tcp.Dispose();
            throw new IOException(refused.Message, refused);
        }
        catch
        {
            tcp.Dispose();
            throw;
        }
    }

    /// <summary>A connection by cleartext, for an endpoint that takes it.</summary>
    public static async Task<RawConnection> ConnectPlainAsync(IPEndPoint node, CancellationToken cancellationToken)
    {
        var tcp = new TcpClient { NoDelay = true };
        await tcp.ConnectAsync(node, cancellationToken);
        var connection = new RawConnection(tcp, tcp.GetStream(), []);
        await connection.WriteAsync(Http2Frame.Begin(), cancellationToken);
        return connection;
    }

    /// <summary>Settings that let the other side send as much as it likes.</summary>
    public static (ushort Id, uint Value)[] WideOpen { get; } = [(4, LargestWindow)];

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await stream.WriteAsync(bytes, cancellationToken);
            await stream.FlushAsync(cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    public Task WriteAsync(Http2FrameType type, byte flags, int id, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken) =>
        WriteAsync(Http2Frame.Write(type, flags, id, payload.Span), cancellationToken);

    /// <summary>Sends bytes on a stream in DATA frames, without a look at any window.</summary>
    public async Task WriteDataAsync(int id, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        for (; !bytes.IsEmpty; bytes = bytes[Math.Min(LargestFrame, bytes.Length)..])
            await WriteAsync(Http2FrameType.Data, 0, id, bytes[..Math.Min(LargestFrame, bytes.Length)], cancellationToken);
    }

    /// <summary>Begins a call by a header block of any length.</summary>
    public async Task WriteHeadersAsync(int id, ReadOnlyMemory<byte> block, CancellationToken cancellationToken)
    {
        for (var type = Http2FrameType.Headers; type == Http2FrameType.Headers || !block.IsEmpty; type = Http2FrameType.Continuation)
        {
            var part = block[..Math.Min(LargestFrame, block.Length)];
            block = block[part.Length..];
            await WriteAsync(type, block.IsEmpty ? Http2Frame.EndHeaders : (byte)0, id, part, cancellationToken);
        }
    }

    /// <summary>Opens a Link call.</summary>
    public Task OpenLinkAsync(int id, CancellationToken cancellationToken, params (string Name, string Value)[] headers) =>
        WriteAsync(Http2FrameType.Headers, Http2Frame.EndHeaders, id, Http2Frame.WriteCallHeaders("/p2pgrpc.v1.PeerService/Link", headers), cancellationToken);

    /// <summary>From now on reads all that comes, so that the other side is never held up.</summary>
    public void StartReading() => reading = ReadAsync();

    public async ValueTask DisposeAsync()
    {
        tcp.Dispose();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        writing.Dispose();
    }

    private async Task ReadAsync()
    {
        var header = new byte[Http2Frame.HeaderLength];
        try
        {
            await WriteAsync(Http2Frame.WriteInteger(Http2FrameType.WindowUpdate, 0, 1 << 30), CancellationToken.None);
            while (true)
            {
                await stream.ReadExactlyAsync(header);
                var payload = new byte[BinaryPrimitives.ReadInt32BigEndian(header) >> 8];
                await stream.ReadExactlyAsync(payload);
                await TakeAsync((Http2FrameType)header[3], header[4], payload);
            }
        }
        catch (Exception ended) when (ended is IOException or ObjectDisposedException or InvalidOperationException)
        {
            firstAnswer.TrySetResult(HungUp);
            data.Writer.TryComplete();
        }
    }

    private async Task TakeAsync(Http2FrameType type, byte flags, byte[] payload)
    {
        var acknowledges = (flags & Http2Frame.Acknowledge) != 0;
        switch (type)
        {
            case Http2FrameType.Data:
                Interlocked.Add(ref dataLength, payload.Length);
                data.Writer.TryWrite(payload);
                break;
            case Http2FrameType.Headers:
                firstAnswer.TrySetResult(Encoding.Latin1.GetString(payload));
                break;
            case Http2FrameType.RstStream or Http2FrameType.GoAway:
                firstAnswer.TrySetResult($"{type}");
                break;
            case Http2FrameType.Settings when !acknowledges:
                await WriteAsync(type, Http2Frame.Acknowledge, 0, ReadOnlyMemory<byte>.Empty, CancellationToken.None);
                break;
            case Http2FrameType.Ping when !acknowledges:
                await WriteAsync(type, Http2Frame.Acknowledge, 0, payload, CancellationToken.None);
                break;
        }
    }
}

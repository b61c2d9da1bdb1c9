using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Grpc.Core;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Identity;

namespace P2PGrpc.Node.Wire;

/// <summary>One attempt to reach one peer: the HTTP handler made for it, and what was learned on the way, so that a failure can be
/// explained.</summary>
internal sealed class DialAttempt : IDisposable
{
    private readonly string host;
    private readonly int port;
    private readonly PeerId? expected;
    private readonly DialPolicy policy;
    private readonly OpenStream open;
    private readonly CancellationToken ending;
    private Stream? stream;
    private bool hasConnected;
    private SocketException? connectError;
    private string? certificateFault;
    private IPAddress? forbidden;

    public DialAttempt(
        NodeCertificate certificate, WireLimits limits, string host, int port, PeerId? expected, DialPolicy policy, OpenStream open, CancellationToken ending)
    {
        this.host = host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host;
        this.port = port;
        this.expected = expected;
        this.policy = policy;
        this.open = open;
        this.ending = ending;
        Handler = CreateHandler(certificate, limits);
    }

    /// <summary>Good for one connection.</summary>
    public SocketsHttpHandler Handler { get; }

    /// <summary>Who answered, as soon as its certificate has been read.</summary>
    public PeerId? Found { get; private set; }

    /// <summary>The SPKI of the certificate that was presented.</summary>
    public byte[] KeyInfo { get; private set; } = [];

    public EndPoint Remote { get; private set; } = new IPEndPoint(IPAddress.None, 0);

    /// <summary>The address for gRPC. An IPv6 zone stays out of it: it means something to this machine's sockets only.</summary>
    /// <exception cref="UriFormatException">The host can't be one.</exception>
    public Uri Address => new UriBuilder(
        Uri.UriSchemeHttps,
        IPAddress.TryParse(host, out var address) ? new IPAddress(address.GetAddressBytes()).ToString() : host,
        port).Uri;

    /// <summary>Cuts the connection, at whatever stage it is. For attempts that failed: a connection that stands belongs to the
    /// channel.</summary>
    public void Dispose()
    {
        stream?.Dispose();
        Handler.Dispose();
    }

    /// <summary>Puts what is known about a failure into words.</summary>
    public DialException Explain(Exception error, bool timedOut)
    {
        var where = $"{host}:{port}";
        if (certificateFault is not null && Found is not null)
            return new DialException(DialFailure.IdentityMismatch, $"{where} is {Found}, not {expected}", Found, error);
        if (certificateFault is not null)
            return new DialException(DialFailure.NotAPeer, $"{where}: {certificateFault}", null, error);
        if (forbidden is not null)
            return new DialException(
                DialFailure.Forbidden, $"{where} leads to {forbidden}, where a node goes only if its owner names it (peers add) or allows it (--dial-any)", null, error);
        if (connectError is not null)
            return new DialException(DialFailure.Unreachable, $"{where}: {CallErrors.Describe(connectError)}", null, error);
        if (timedOut)
            return new DialException(DialFailure.Timeout, $"{where} did not answer in time", Found, error);
        if (Found is null && FindCause<AuthenticationException>(error) is { } tls)
        {
            var detail = $"{where} does not speak TLS as a node does: {CallErrors.Describe(tls)}";
            return new DialException(DialFailure.NotAPeer, detail, null, error);
        }

        if (Found is null)
            return new DialException(DialFailure.Refused, $"{where} closed the connection during the TLS handshake", null, error);
        if (error is WireException or RpcException { StatusCode: StatusCode.Unimplemented or StatusCode.NotFound })
        {
            var detail = $"{where} proved an identity but does not speak this protocol: {CallErrors.Describe(error)}";
            return new DialException(DialFailure.NotAPeer, detail, Found, error);
        }

        return new DialException(DialFailure.Refused, $"{where} refused the link: {CallErrors.Describe(error)}", Found, error);
    }

    private SocketsHttpHandler CreateHandler(NodeCertificate certificate, WireLimits limits) => new()
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        MaxConnectionsPerServer = 1,
        EnableMultipleHttp2Connections = false,
        PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
        PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
        ConnectTimeout = limits.DialTimeout,
        InitialHttp2StreamWindowSize = limits.StreamWindow,
        MaxResponseHeadersLength = limits.HeaderBytes / 1024,
        KeepAlivePingDelay = limits.KeepAlive,
        KeepAlivePingTimeout = limits.KeepAlive,
        // A callback of our own also turns off gRPC's layer of addresses, balancing and backoff.
        ConnectCallback = ConnectAsync,
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificateContext = certificate.Context,
            EnabledSslProtocols = SslProtocols.Tls13,
            CertificateChainPolicy = CertificatePolicy.CreateChainPolicy(),
            AllowTlsResume = false,
            AllowRenegotiation = false,
            RemoteCertificateValidationCallback = (_, presented, chain, _) => Judge(presented, chain),
        },
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        // What was learned of the first connection must not be taken for a fact about a second one.
        if (hasConnected)
            throw new IOException("The connection is gone.");
        hasConnected = true;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending);
        try
        {
            (stream, Remote) = await open(await FindAllowedAsync(either.Token), port, either.Token);
            return stream;
        }
        catch (SocketException error)
        {
            connectError = error;
            throw;
        }
    }

    /// <summary>What the host leads to, and may. Who names a host could have it lead elsewhere the next time it is asked for, so what was checked is what is dialled.</summary>
    private async Task<IPAddress[]> FindAllowedAsync(CancellationToken cancellationToken)
    {
        IPAddress[] found = IPAddress.TryParse(host, out var address) ? [address] : await Dns.GetHostAddressesAsync(host, cancellationToken);
        var allowed = Array.FindAll(found, policy.Allows);
        if (allowed.Length > 0)
            return allowed;
        forbidden = found.FirstOrDefault();
        throw new SocketException((int)(forbidden is null ? SocketError.HostNotFound : SocketError.AccessDenied));
    }

    private bool Judge(X509Certificate? presented, X509Chain? chain)
    {
        if (!CertificatePolicy.TryRead(presented, chain, out var peer, out var keyInfo, out var fault))
        {
            certificateFault = fault;
            return false;
        }

        Found = peer;
        KeyInfo = keyInfo;
        if (expected is not { } pin || pin == peer)
            return true;
        certificateFault = "another identity than the expected one";
        return false;
    }

    private static T? FindCause<T>(Exception? error)
        where T : Exception
    {
        for (var cause = error; cause is not null; cause = (cause as RpcException)?.Status.DebugException ?? cause.InnerException)
        {
            if (cause is T wanted)
                return wanted;
        }

        return null;
    }
}

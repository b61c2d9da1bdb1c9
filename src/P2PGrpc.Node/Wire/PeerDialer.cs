using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Wire;

/// <summary>Opens links to other nodes. Each dial has a handler, a channel and a TCP connection of its own, because pooling goes by address
/// and a link by identity. Thread-safe.</summary>
internal sealed partial class PeerDialer(NodeCertificate certificate, WireLimits limits, TimeProvider time, ILoggerFactory loggers)
{
    private readonly ILogger<PeerDialer> logger = loggers.CreateLogger<PeerDialer>();

    /// <summary>Finds services by name.</summary>
    public ServiceLookup Services { get; init; } = new();

    /// <summary>What carries the bytes.</summary>
    public OpenStream Open { get; init; } = PeerTransport.Tcp.Open;

    /// <summary>Connects, checks who answers, opens the Link call and waits for the other side's first frame, which the first read then
    /// returns.</summary>
    /// <param name="host">A name, an IPv4 address, or an IPv6 address with or without brackets; for a service its name, _service._tcp.domain.</param>
    /// <param name="port">1 to 65535; 0 for a service, whose places are looked up, and tried until one is it.</param>
    /// <param name="expected">Who must answer; null: whoever does.</param>
    /// <param name="policy">Where the address may lead.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DialException">The dial came to nothing, within <see cref="WireLimits.DialTimeout"/>, that of each place of a service.</exception>
    public async Task<IFrameConnection> DialAsync(string host, int port, PeerId? expected, DialPolicy policy, CancellationToken cancellationToken)
    {
        if (port != 0)
            return await DialPlaceAsync(host, port, expected, policy, cancellationToken);
        var places = await Services.FindAsync(host, cancellationToken);
        for (var place = 0; ; place++)
            try
            {
                return await DialPlaceAsync(places[place].Host, places[place].Port, expected, policy, cancellationToken);
            }
            catch (DialException failed) when (place < places.Count - 1 && (expected is not null || failed.Found is null))
            {
                // The next one. Who shows an identity where anybody is welcome has been found, be it that it refuses us.
            }
    }

    private async Task<IFrameConnection> DialPlaceAsync(string host, int port, PeerId? expected, DialPolicy policy, CancellationToken cancellationToken)
    {
        using var deadline = new CancellationTokenSource(limits.DialTimeout, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        var attempt = new DialAttempt(certificate, limits, host, port, expected, policy, Open, ending.Token);
        GrpcChannel? channel = null;
        AsyncDuplexStreamingCall<Protocol.Frame, InboundFrame>? call = null;
        try
        {
            channel = CreateChannel(attempt);
            call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(LinkMethod.Dialled, null, new CallOptions());
            var first = await FrameStreams.ReadFirstAsync(call.ResponseStream, ending.Token);
            return new DialledConnection(channel, call, first, attempt.Found!.Value, attempt.KeyInfo, attempt.Remote);
        }
        catch (Exception error)
        {
            attempt.Dispose();
            call?.Dispose();
            channel?.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            if (error is UriFormatException or ArgumentException)
                throw new DialException(DialFailure.Unreachable, $"{DisplayText.Clean(host, 80)}:{port} is no address", null, error);
            if (error is not WireException && !CallErrors.IsFailure(error))
                throw;
            var explained = attempt.Explain(error, deadline.IsCancellationRequested);
            LogFailure(explained.Kind, explained.Message);
            throw explained;
        }
    }

    /// <summary>The same for an address that the owner named: it may lead anywhere.</summary>
    /// <exception cref="DialException">The dial came to nothing.</exception>
    public Task<IFrameConnection> DialAsync(string host, int port, PeerId? expected, CancellationToken cancellationToken) =>
        DialAsync(host, port, expected, DialPolicy.Anywhere, cancellationToken);

    private static GrpcChannel CreateChannel(DialAttempt attempt) => GrpcChannel.ForAddress(attempt.Address, new GrpcChannelOptions
    {
        HttpHandler = attempt.Handler,
        DisposeHttpClient = true,
        MaxReceiveMessageSize = FrameLimits.MessageLength,
        MaxSendMessageSize = FrameLimits.MessageLength,
        // Whatever fails here reaches the caller as an exception: lines of gRPC's own would only repeat it, at each redial.
        LoggerFactory = null,
        // Frames are never compressed: a small message must not unfold into a large one.
        CompressionProviders = [],
    });

    [LoggerMessage(1700, LogLevel.Debug, "A dial failed ({Kind}): {Detail}.")]
    private partial void LogFailure(DialFailure kind, string detail);
}

using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Wire;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>An identity with its certificate, and a peer host on a free loopback port if the test wants one.</summary>
internal sealed class TestNode : IAsyncDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private PeerHost? host;

    public TestNode(byte seed)
    {
        Identity = IdentityKey.FromSeed(Enumerable.Repeat(seed, IdentityKey.SeedLength).ToArray());
        Certificate = NodeCertificate.Create(Identity);
    }

    public IdentityKey Identity { get; }

    public NodeCertificate Certificate { get; }

    public PeerId PeerId => Identity.PeerId;

    public PeerHost Host => host ?? throw new InvalidOperationException("This node does not listen.");

    public int Port => Host.LocalEndPoint.Port;

    public static byte[] Nonce(byte value) => Enumerable.Repeat(value, HelloProof.NonceLength).ToArray();

    /// <summary>A served side that begins with a Challenge, as a node does, and then does what the test says.</summary>
    public static Func<IFrameConnection, CancellationToken, Task> Challenge(Func<IFrameConnection, CancellationToken, Task> then) =>
        async (connection, cancellationToken) =>
        {
            await connection.WriteAsync(HelloFrames.WriteChallenge(Nonce(1)), cancellationToken);
            await then(connection, cancellationToken);
        };

    public static async Task Echo(IFrameConnection connection, CancellationToken cancellationToken)
    {
        while (await connection.ReadAsync(cancellationToken) is { } frame)
            await connection.WriteAsync(frame, cancellationToken);
        await connection.CompleteAsync();
    }

    public async Task<TestNode> ListenAsync(
        Func<IFrameConnection, CancellationToken, Task> serve, WireLimits? limits = null, ILoggerFactory? loggers = null, IPEndPoint? listen = null)
    {
        host = await PeerHost.StartAsync(
            new PeerHostOptions(listen ?? new IPEndPoint(IPAddress.Loopback, 0)), Certificate, serve, limits ?? new WireLimits(),
            loggers ?? NullLoggerFactory.Instance, TimeProvider.System, TestContext.Current.CancellationToken);
        return this;
    }

    public PeerDialer Dialer(WireLimits? limits = null, TimeProvider? time = null) =>
        new(Certificate, limits ?? new WireLimits(), time ?? TimeProvider.System, NullLoggerFactory.Instance);

    public Task<IFrameConnection> DialAsync(TestNode other, PeerId? expected = null) =>
        Dialer().DialAsync("127.0.0.1", other.Port, expected, TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (host is not null)
        {
            await host.StopAsync(TimeSpan.Zero);
            await host.DisposeAsync();
        }

        Certificate.Dispose();
        Identity.Dispose();
    }
}

/// <summary>Keeps all log lines, of a node or of the host around it.</summary>
internal sealed class RecordedLog : ILoggerFactory, ILoggerProvider
{
    public ConcurrentQueue<(string Category, LogLevel Level, string Line, Exception? Error)> Lines { get; } = [];

    public ILogger CreateLogger(string categoryName) => new Recorder(this, categoryName);

    public void AddProvider(ILoggerProvider provider)
    {
    }

    public void Dispose()
    {
    }

    private sealed class Recorder(RecordedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
            => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            log.Lines.Enqueue((category, logLevel, formatter(state, exception), exception));
    }
}

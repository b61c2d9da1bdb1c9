using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Wire;
using Xunit;

namespace P2PGrpc.Node.Tests.Wire;

public sealed class RateLimitedLoggerTests : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly FakeTimeProvider time = new();
    private readonly RecordedLog log = new();

    public void Dispose() => log.Dispose();

    [Fact]
    public void V2_a_category_writes_one_line_an_interval_and_counts_the_rest()
    {
        using var limited = new RateLimitedLoggerFactory(log, Interval, time);
        var logger = limited.CreateLogger("Microsoft.AspNetCore.Server.Kestrel");

        for (var line = 0; line < 1000; line++)
            Write(logger, LogLevel.Error, "bad input", new InvalidOperationException("deep\ntrace"));
        time.Advance(Interval - TimeSpan.FromTicks(1));
        Write(logger, LogLevel.Error, "still too early");
        Assert.Equal("bad input InvalidOperationException: deep\\u{A}trace", Assert.Single(log.Lines).Line);

        time.Advance(TimeSpan.FromTicks(1));
        Write(logger, LogLevel.Error, "again");
        Assert.Equal("again (1000 more lines of this category were left out)", log.Lines.Last().Line);

        time.Advance(Interval);
        Write(logger, LogLevel.Error, "later");
        Assert.Equal("later", log.Lines.Last().Line);
    }

    /// <summary>It would be an error, without a reason, each time that somebody drains a node.</summary>
    [Fact]
    public void What_the_framework_says_of_health_is_said_by_the_node_itself()
    {
        using var limited = new RateLimitedLoggerFactory(log, Interval, time);
        Write(limited.CreateLogger("Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService"), LogLevel.Error, "Health check store with status Unhealthy");
        Assert.Empty(log.Lines);
    }

    [Fact]
    public void Categories_do_not_silence_each_other()
    {
        using var limited = new RateLimitedLoggerFactory(log, Interval, time);

        Write(limited.CreateLogger("One"), LogLevel.Warning, "first");
        Write(limited.CreateLogger("Other"), LogLevel.Warning, "second");

        Assert.Equal(["first", "second"], log.Lines.Select(line => line.Line));
    }

    [Fact]
    public void The_framework_speaks_from_warnings_on_and_our_own_code_as_told()
    {
        using var limited = new RateLimitedLoggerFactory(log, Interval, time);

        Write(limited.CreateLogger("Microsoft.AspNetCore.Hosting"), LogLevel.Information, "not shown");
        Write(limited.CreateLogger("P2PGrpc.Node.Wire"), LogLevel.Information, "shown");

        Assert.Equal("shown", Assert.Single(log.Lines).Line);
    }

    [Fact]
    public void What_the_framework_says_goes_by_a_name_of_our_own()
    {
        using var limited = new RateLimitedLoggerFactory(log, Interval, time, limitsOwn: false);

        Write(limited.CreateLogger("Microsoft.AspNetCore.Server.Kestrel.Connections"), LogLevel.Warning, "all connections are taken");

        Assert.Equal("P2PGrpc.Node.Wire.WebServer", Assert.Single(log.Lines).Category);
    }

    [Fact]
    public async Task V2_a_flood_of_refused_handshakes_costs_one_line()
    {
        await using var bob = await new TestNode(2).ListenAsync(TestNode.Echo, loggers: log);
        using var certificate = CraftedCertificate.Create(_ => []);

        for (var attempt = 0; attempt < 20; attempt++)
            Assert.False(await RawTls.IsServedAsync(bob, RawTls.Options(CraftedCertificate.Context(certificate))));

        var (category, _, line, _) = Assert.Single(log.Lines);
        Assert.Equal(typeof(PeerHost).FullName, category);
        Assert.Contains("the certificate names no identity", line, StringComparison.Ordinal);
    }

    private static void Write(ILogger logger, LogLevel level, string line, Exception? error = null) =>
        logger.Log(level, default, line, error, (text, _) => text);
}

using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Hosting;

/// <summary>What the endpoints for programs have in common: a web application of their own each, which reads no settings of the embedding host, takes no signals, and whose
/// lines can't fill the log (decision 0005).</summary>
internal sealed class InnerHost : IAsyncDisposable
{
    /// <summary>The shortest time between two log lines of one category: what programs without the token do must not fill the log (V2).</summary>
    private static readonly TimeSpan LogInterval = TimeSpan.FromSeconds(10);

    private readonly WebApplication application;
    private readonly RateLimitedLoggerFactory loggers;

    private InnerHost(WebApplication application, RateLimitedLoggerFactory loggers)
    {
        this.application = application;
        this.loggers = loggers;
    }

    /// <summary>Where it listens.</summary>
    public ICollection<string> Urls => application.Urls;

    /// <summary>Makes one.</summary>
    /// <param name="loggers">Where log lines go; not owned.</param>
    /// <param name="time">For the pauses between them.</param>
    /// <param name="build">Adds services and endpoints.</param>
    /// <param name="map">Says what is served.</param>
    public static InnerHost Build(ILoggerFactory loggers, TimeProvider time, Action<WebApplicationBuilder> build, Action<WebApplication> map)
    {
        var limited = new RateLimitedLoggerFactory(loggers, LogInterval, time, limitsOwn: false);
        try
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.Services.AddSingleton<ILoggerFactory>(limited);
            builder.Services.AddSingleton<IHostLifetime, DetachedLifetime>();
            builder.Services.AddRoutingCore();
            builder.WebHost.UseKestrelCore().UseSockets();
            build(builder);
            var application = builder.Build();
            map(application);
            return new InnerHost(application, limited);
        }
        catch
        {
            limited.Dispose();
            throw;
        }
    }

    /// <summary>Begins to listen. What can't is disposed.</summary>
    /// <param name="explain">What to tell the owner of an address that can't be had.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="NodeStartException">As explained.</exception>
    public async Task StartAsync(Func<Exception, NodeStartException> explain, CancellationToken cancellationToken)
    {
        try
        {
            await application.StartAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is SocketException or IOException or UnauthorizedAccessException)
        {
            await DisposeAsync().ConfigureAwait(false);
            throw explain(fault);
        }
    }

    /// <summary>True if another program has the address.</summary>
    public static bool IsTaken(Exception fault) => fault.InnerException is AddressInUseException;

    /// <summary>Stops taking calls and gives those at work their moment.</summary>
    public async Task StopAsync(TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        await application.StopAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await application.DisposeAsync().ConfigureAwait(false);
        loggers.Dispose();
    }
}

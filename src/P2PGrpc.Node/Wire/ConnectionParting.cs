using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace P2PGrpc.Node.Wire;

/// <summary>Closes a connection after its first call, whatever was called: it is for one link, and whoever was refused must not keep a place among the
/// connections. Thread-safe.</summary>
internal sealed class ConnectionParting(TimeSpan moment, TimeProvider time)
{
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        var closing = context.Features.GetRequiredFeature<IConnectionLifetimeNotificationFeature>();
        var closed = context.Features.GetRequiredFeature<IConnectionLifetimeFeature>().ConnectionClosed;
        try
        {
            await next(context);
        }
        finally
        {
            _ = CloseAfterwardsAsync(closing, closed);
        }
    }

    /// <summary>Not at once: an HTTP/2 client whose own half of the call is still open may drop unread frames when its connection ends.</summary>
    private async Task CloseAfterwardsAsync(IConnectionLifetimeNotificationFeature connection, CancellationToken closed)
    {
        await Task.Delay(moment, time, closed).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        connection.RequestClose();
    }
}

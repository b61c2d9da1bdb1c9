using Microsoft.Extensions.Hosting;

namespace P2PGrpc.Node.Wire;

/// <summary>The lifetime of the node's inner web hosts: they start and stop with the node and don't listen to the console's signals themselves.</summary>
internal sealed class DetachedLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

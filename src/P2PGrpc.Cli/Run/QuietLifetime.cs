using Microsoft.Extensions.Hosting;

namespace P2PGrpc.Cli.Run;

/// <summary>Leaves signals and the console alone: the program sees to both itself.</summary>
internal sealed class QuietLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Hosting;

namespace P2PGrpc.Testing;

/// <summary>How a <see cref="TestMesh"/> is made. All of it has defaults.</summary>
public sealed class TestMeshOptions
{
    /// <summary>What the nodes are called, in order; those without a name here get one. Default: alice, bob, carol, and so on.</summary>
    public IReadOnlyList<string> Names { get; set; } = [];

    /// <summary>Changes how a node runs, by its name; called for each start. The data directory and the address to listen on are the mesh's own, whatever is set here.</summary>
    public Action<string, NodeOptions>? Configure { get; set; }

    /// <summary>The moment at which the clock of the mesh begins. Default: 2026-01-01 00:00 UTC.</summary>
    public DateTimeOffset Start { get; set; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How long, by the machine's own clock, anything is waited for before the wait fails. Default: 30 s.</summary>
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Where the nodes' log lines go. Default: nowhere.</summary>
    public ILoggerFactory? Loggers { get; set; }
}

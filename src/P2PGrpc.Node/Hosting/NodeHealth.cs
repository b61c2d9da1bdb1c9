namespace P2PGrpc.Node.Hosting;

/// <summary>Whether the node that runs in this host does its work, for supervisors that restart what does not: the same question as is answered at
/// <see cref="NodeOptions.Health"/>. Thread-safe.</summary>
public sealed class NodeHealth
{
    private readonly EmbeddedNode node;

    internal NodeHealth(EmbeddedNode node) => this.node = node;

    /// <summary>Has the store and replication do something each, and waits for them. An answer is good for a second: who asks sooner is given the same.</summary>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <returns>Null if the node does its work; else a sentence that says why not: it has not started or is stopping, its store does not write, replication has stopped, or
    /// one of them has not answered for 10 seconds. A full disk is not among them: reading goes on, and another start would not help.</returns>
    public Task<string?> FindFaultAsync(CancellationToken cancellationToken) =>
        node.Running is { } running ? running.Vitals.FindFaultAsync(cancellationToken) : Task.FromResult<string?>("The node does not run.");
}

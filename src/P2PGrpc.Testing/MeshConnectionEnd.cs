using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace P2PGrpc.Testing;

/// <summary>The end of a connection in memory that Kestrel serves.</summary>
internal sealed class MeshConnectionEnd : DefaultConnectionContext
{
    private readonly MeshConnection connection;

    // Not that of the class below, which may be cancelled after it was disposed.
    private readonly CancellationTokenSource closed = new();

    public MeshConnectionEnd(string id, MeshConnection connection, PipeReader input, PipeWriter output)
        : base(id)
    {
        this.connection = connection;
        Transport = new Duplex(input, output);
        ConnectionClosed = closed.Token;
    }

    public override void Abort(ConnectionAbortedException abortReason) => connection.Close(reset: true);

    /// <summary>Tells Kestrel that the connection is gone.</summary>
    public void End() => _ = closed.CancelAsync();

    public override async ValueTask DisposeAsync()
    {
        // What was written goes out: only the side that dialled knows when it has read all of it, so it is not cut off here.
        await Transport.Output.CompleteAsync().ConfigureAwait(false);
        await Transport.Input.CompleteAsync().ConfigureAwait(false);
        await base.DisposeAsync().ConfigureAwait(false);
    }

    private sealed record Duplex(PipeReader Input, PipeWriter Output) : IDuplexPipe;
}

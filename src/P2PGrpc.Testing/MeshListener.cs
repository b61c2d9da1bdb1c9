using System.Net;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;

namespace P2PGrpc.Testing;

/// <summary>Where one node of a mesh is dialled, for Kestrel.</summary>
internal sealed class MeshListener(MeshNetwork network, string name, IPEndPoint place) : IConnectionListener, IConnectionListenerFactory
{
    /// <summary>Connections that wait to be accepted: Kestrel takes them at once, so this is only reached where it has stopped.</summary>
    private const int Waiting = 512;

    private readonly Channel<MeshConnection> waiting = Channel.CreateBounded<MeshConnection>(Waiting);

    /// <summary>The node's name.</summary>
    public string Name => name;

    public EndPoint EndPoint => place;

    /// <summary>Begins to listen.</summary>
    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        network.Listen(place, this);
        return ValueTask.FromResult<IConnectionListener>(this);
    }

    /// <summary>False if nobody takes connections any more.</summary>
    public bool TryOffer(MeshConnection connection) => waiting.Writer.TryWrite(connection);

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (await waiting.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            if (waiting.Reader.TryRead(out var connection))
                return connection.Served;
        return null;
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        network.Unlisten(place, this);
        waiting.Writer.TryComplete();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();
}

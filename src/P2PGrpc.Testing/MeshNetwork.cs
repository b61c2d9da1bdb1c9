using System.Net;
using System.Net.Sockets;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Testing;

/// <summary>The network of a mesh: who listens where, who reaches whom. Bytes that a partition holds up wait, as they would on a real network, and nobody is told of it.
/// Thread-safe.</summary>
internal sealed class MeshNetwork
{
    /// <summary>The port that each node has at an address of its own.</summary>
    public const int Port = 5555;

    private readonly Lock gate = new();
    private readonly Dictionary<IPAddress, string> names = [];
    private readonly Dictionary<IPEndPoint, MeshListener> listeners = [];
    private readonly HashSet<MeshConnection> connections = [];
    private readonly HashSet<string> down = new(StringComparer.Ordinal);
    private IReadOnlyDictionary<string, int> groups = new Dictionary<string, int>();
    private TaskCompletionSource changed = CreateSignal();
    private long passed;
    private int lastPort = 40_000;

    /// <summary>Bytes that have gone from node to node so far.</summary>
    public long Passed => Interlocked.Read(ref passed);

    /// <summary>Gives a node its address: in 10.0.0.0/8, where real nodes dial each other as well.</summary>
    public IPEndPoint Add(string name)
    {
        lock (gate)
        {
            if (names.ContainsValue(name))
                throw new ArgumentException($"Two nodes can't both be called {name}.", nameof(name));
            var number = names.Count + 1;
            var address = new IPAddress([10, 0, (byte)(number / 250), (byte)(1 + (number % 250))]);
            names.Add(address, name);
            return new IPEndPoint(address, Port);
        }
    }

    public bool Knows(string name)
    {
        lock (gate)
            return names.ContainsValue(name);
    }

    /// <summary>What a node uses in place of TCP, from one start to its end.</summary>
    public PeerTransport CreateTransport(string name, IPEndPoint place) =>
        new((addresses, port, cancellationToken) => OpenAsync(name, place, addresses, port, cancellationToken), new MeshListener(this, name, place));

    /// <summary>Divides the nodes: those of different groups don't reach each other, and those of none reach all.</summary>
    public void Divide(IReadOnlyDictionary<string, int> divided)
    {
        TaskCompletionSource before;
        lock (gate)
        {
            groups = divided;
            before = changed;
            changed = CreateSignal();
        }

        before.TrySetResult();
    }

    public bool CanReach(string one, string other)
    {
        lock (gate)
            return !groups.TryGetValue(one, out var group) || !groups.TryGetValue(other, out var another) || group == another;
    }

    public async Task WaitForPassageAsync(string one, string other, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (gate)
                next = changed.Task;
            if (CanReach(one, other))
                return;
            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The process of a node dies, or comes to life: while it is down nothing of it gets out, and whoever dials it is refused.</summary>
    public void SetDown(string name, bool isDown)
    {
        MeshConnection[] cut;
        lock (gate)
        {
            if (!isDown)
            {
                down.Remove(name);
                return;
            }

            down.Add(name);
            cut = [.. connections.Where(connection => connection.Dialler == name || connection.Dialled == name)];
        }

        foreach (var connection in cut)
            connection.Close(reset: true);
    }

    public void Listen(IPEndPoint place, MeshListener listener)
    {
        lock (gate)
            listeners[place] = listener;
    }

    public void Unlisten(IPEndPoint place, MeshListener listener)
    {
        lock (gate)
            if (listeners.GetValueOrDefault(place) == listener)
                listeners.Remove(place);
    }

    public void Count(int bytes) => Interlocked.Add(ref passed, bytes);

    public void Forget(MeshConnection connection)
    {
        lock (gate)
            connections.Remove(connection);
    }

    private async ValueTask<(Stream Stream, EndPoint Remote)> OpenAsync(string dialler, IPEndPoint place, IPAddress[] addresses, int port, CancellationToken cancellationToken)
    {
        var target = new IPEndPoint(addresses[0], port);
        string? dialled;
        lock (gate)
            dialled = names.GetValueOrDefault(target.Address);
        if (dialled is null)
            throw new SocketException((int)SocketError.HostUnreachable);
        await WaitForPassageAsync(dialler, dialled, cancellationToken).ConfigureAwait(false);
        lock (gate)
        {
            if (down.Contains(dialler) || down.Contains(dialled) || !listeners.TryGetValue(target, out var listener))
                throw new SocketException((int)SocketError.ConnectionRefused);
            lastPort = lastPort < IPEndPoint.MaxPort ? lastPort + 1 : 40_000;
            var connection = new MeshConnection(this, dialler, dialled, new IPEndPoint(place.Address, lastPort), target);
            if (!listener.TryOffer(connection))
                throw new SocketException((int)SocketError.ConnectionRefused);
            connections.Add(connection);
            return (connection.Stream, target);
        }
    }

    private static TaskCompletionSource CreateSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

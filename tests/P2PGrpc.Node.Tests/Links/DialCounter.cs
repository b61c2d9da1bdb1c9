using System.Net;
using System.Net.Sockets;

namespace P2PGrpc.Node.Tests.Links;

/// <summary>An address at which nobody answers, but where each connection is counted before it is cut.</summary>
internal sealed class DialCounter : IDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private int count;

    public DialCounter()
    {
        listener.Start();
        _ = AcceptAsync();
    }

    public string Address => listener.LocalEndpoint.ToString()!;

    public int Count => Volatile.Read(ref count);

    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                using var connection = await listener.AcceptSocketAsync();
                Interlocked.Increment(ref count);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace P2PGrpc.EndToEnd.Harness;

/// <summary>Free ports, below the range that the system gives to outgoing connections, so that nobody takes them by chance.</summary>
internal static class Ports
{
    private const int First = 20_000;
    private const int Count = 12_000;

    private static int Latest = Environment.ProcessId * 61 % Count;

    public static int Take()
    {
        for (var tries = 0; tries < 500; tries++)
        {
            var port = First + (int)((uint)Interlocked.Increment(ref Latest) % Count);
            if (IsFree(port)) return port;
        }
        throw new InvalidOperationException("No free port was found.");
    }

    private static bool IsFree(int port)
    {
        using var listener = new TcpListener(IPAddress.Loopback, port) { ExclusiveAddressUse = true };
        try
        {
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

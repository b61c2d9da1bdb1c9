using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace P2PGrpc.Node.Tests.Wire;

/// <summary>A name server on loopback that answers every question with the same SRV records, or with an error.</summary>
internal sealed class NameServer : IDisposable
{
    private readonly Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly (ushort Priority, ushort Weight, ushort Port, string Target)[] records;
    private int asked;

    public NameServer(params (ushort Priority, ushort Weight, ushort Port, string Target)[] records)
    {
        this.records = records;
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _ = Task.Run(AnswerAsync);
    }

    public IPEndPoint EndPoint => (IPEndPoint)socket.LocalEndPoint!;

    /// <summary>The response code, 0 for none and 3 for no such domain.</summary>
    public byte Error { get; init; }

    /// <summary>How long the answers are good for, in seconds.</summary>
    public uint TimeToLive { get; init; }

    public int Asked => Volatile.Read(ref asked);

    public void Dispose() => socket.Dispose();

    private async Task AnswerAsync()
    {
        var buffer = new byte[512];
        try
        {
            while (true)
            {
                var received = await socket.ReceiveFromAsync(buffer, SocketFlags.None, new IPEndPoint(IPAddress.Any, 0));
                Interlocked.Increment(ref asked);
                await socket.SendToAsync(Answer(buffer.AsSpan(0, received.ReceivedBytes)), SocketFlags.None, received.RemoteEndPoint);
            }
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private byte[] Answer(ReadOnlySpan<byte> question)
    {
        // The header, the question as it came, and the records, whose names point at the question's.
        var end = 12 + question[12..].IndexOf((byte)0) + 5;
        var answer = new List<byte>([question[0], question[1], 0x85, Error, 0, 1, 0, (byte)records.Length, 0, 0, 0, 0, .. question[12..end]]);
        foreach (var (priority, weight, port, target) in records)
        {
            var name = target.Split('.', StringSplitOptions.RemoveEmptyEntries).SelectMany(label => (byte[])[(byte)label.Length, .. Encoding.ASCII.GetBytes(label)]).Append((byte)0).ToArray();
            answer.AddRange([0xC0, 12, 0, 33, 0, 1, .. Number(TimeToLive)]);
            answer.AddRange([.. Number((ushort)(6 + name.Length)), .. Number(priority), .. Number(weight), .. Number(port), .. name]);
        }

        return [.. answer];
    }

    private static byte[] Number(ushort number)
    {
        var bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, number);
        return bytes;
    }

    private static byte[] Number(uint number)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return bytes;
    }
}

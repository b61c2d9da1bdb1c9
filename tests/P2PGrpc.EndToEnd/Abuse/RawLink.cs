using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>The nonces of a link's two sides.</summary>
internal readonly record struct LinkNonces(ReadOnlyMemory<byte> Dialler, ReadOnlyMemory<byte> Served);

/// <summary>The dialler's side of a Link, by hand: an attacker that has an identity.</summary>
internal sealed class RawLink(RawConnection connection, IdentityKey key, NodeCertificate certificate) : IAsyncDisposable
{
    private const int StreamId = 1;

    private readonly List<byte> received = [];

    public RawConnection Connection => connection;

    /// <summary>The process that this link pretends to be of; by default each is another one.</summary>
    public ulong? Instance { get; set; }

    /// <summary>What it says to share in its Hello; by default the direct conversation alone.</summary>
    public Func<LinkNonces, LinkShares>? Shares { get; set; }

    /// <summary>What the other side's Challenge said.</summary>
    public Frame? Challenge { get; private set; }

    /// <summary>What the other side's Hello said, once it has let this one in.</summary>
    public Hello? Hello { get; private set; }

    /// <summary>What proofs on this link are bound to.</summary>
    public LinkNonces Nonces { get; private set; }

    /// <summary>Connects and opens the call; nothing is said on it yet.</summary>
    public static async Task<RawLink> OpenAsync(IPEndPoint node, IdentityKey key, NodeCertificate certificate, CancellationToken cancellationToken)
    {
        var connection = await RawConnection.ConnectAsync(node, certificate, cancellationToken, RawConnection.WideOpen);
        connection.StartReading();
        await connection.OpenLinkAsync(StreamId, cancellationToken);
        return new RawLink(connection, key, certificate);
    }

    /// <summary>Opens a link through both Hellos.</summary>
    /// <exception cref="IOException">The other side does not let it in.</exception>
    public static async Task<RawLink> JoinAsync(
        IPEndPoint node, IdentityKey key, NodeCertificate certificate, CancellationToken cancellationToken, HeardPosition heard = default,
        Func<LinkNonces, LinkShares>? shares = null)
    {
        var link = await OpenAsync(node, key, certificate, cancellationToken);
        link.Shares = shares;
        try
        {
            await link.SayAsync(await link.MakeHelloAsync(heard, cancellationToken), cancellationToken);
            var answer = await link.HearAsync(cancellationToken);
            link.Hello = answer?.KindCase == Frame.KindOneofCase.Hello ? answer.Hello : throw new IOException($"No Hello came, but {answer}.");
            return link;
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }
    }

    /// <summary>The right answer to the other side's Challenge.</summary>
    public async Task<Frame> MakeHelloAsync(HeardPosition heard, CancellationToken cancellationToken)
    {
        Challenge = await HearAsync(cancellationToken);
        if (Challenge?.KindCase != Frame.KindOneofCase.Challenge)
            throw new IOException($"No Challenge came, but {Challenge}.");
        var nonce = RandomNumberGenerator.GetBytes(HelloProof.NonceLength);
        var signature = HelloProof.Sign(
            key, dialled: true, certificate.SubjectPublicKeyInfo.Span, connection.RemoteKeyInfo, nonce, Challenge.Challenge.Nonce.Span);
        Nonces = new LinkNonces(nonce, Challenge.Challenge.Nonce.Memory);
        var shares = Shares?.Invoke(Nonces) ?? LinkShares.None with { Direct = true };
        return HelloFrames.Write(new Greeting(
            LinkLimits.ProtocolVersion, key.PeerId, nonce, signature, Instance ?? BitConverter.ToUInt64(nonce), "mallory", heard, shares, null));
    }

    public Task SayAsync(Frame frame, CancellationToken cancellationToken) => SayAsync(new LinkRequest { Frame = frame }.ToByteArray(), cancellationToken);

    /// <summary>Says frames so close together that nothing that they cause comes between them.</summary>
    public Task SayAtOnceAsync(IEnumerable<Frame> frames, CancellationToken cancellationToken) => connection.WriteDataAsync(
        StreamId, frames.SelectMany(frame => Http2Frame.WriteMessage(new LinkRequest { Frame = frame }.ToByteArray())).ToArray(), cancellationToken);

    /// <summary>Says bytes as a gRPC message.</summary>
    public Task SayAsync(byte[] message, CancellationToken cancellationToken) =>
        connection.WriteDataAsync(StreamId, Http2Frame.WriteMessage(message), cancellationToken);

    /// <summary>The next frame; null once the connection or call has ended.</summary>
    public async Task<Frame?> HearAsync(CancellationToken cancellationToken)
    {
        const int prefix = 5;
        while (true)
        {
            if (received.Count >= prefix)
            {
                var length = BinaryPrimitives.ReadInt32BigEndian(received.Skip(1).Take(4).ToArray());
                if (received.Count >= prefix + length)
                {
                    var message = received.Skip(prefix).Take(length).ToArray();
                    received.RemoveRange(0, prefix + length);
                    return LinkResponse.Parser.ParseFrom(message).Frame;
                }
            }

            if (!await connection.Data.WaitToReadAsync(cancellationToken))
                return null;
            while (connection.Data.TryRead(out var data))
                received.AddRange(data);
        }
    }

    /// <summary>The next frame of a kind; what comes before it is passed over. Null once the connection or call has ended.</summary>
    public async Task<Frame?> HearAsync(Frame.KindOneofCase kind, CancellationToken cancellationToken)
    {
        while (await HearAsync(cancellationToken) is { } frame)
        {
            if (frame.KindCase == kind)
                return frame;
        }

        return null;
    }

    public ValueTask DisposeAsync() => connection.DisposeAsync();
}

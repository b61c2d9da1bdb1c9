using System.Security.Cryptography;
using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Says and hears the Hellos of a link. Thread-safe: all state of a handshake is in its call.</summary>
internal sealed class LinkHandshake(LocalNode local, LogStore store)
{
    /// <summary>The dialler's side. Returns once the other side has proved itself and let us in.</summary>
    /// <exception cref="LinkRefusedException">The other side said Goodbye, or broke the protocol.</exception>
    /// <exception cref="WireException">The connection broke.</exception>
    public async Task<RemoteHello> DialAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        var challenge = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        if (challenge.KindCase != Frame.KindOneofCase.Challenge || challenge.Challenge.Nonce.Length != LinkLimits.NonceLength)
            throw Broken("It did not begin with a Challenge.");
        var servedNonce = challenge.Challenge.Nonce.ToByteArray();
        var nonce = RandomNumberGenerator.GetBytes(LinkLimits.NonceLength);
        await connection.WriteAsync(new Frame { Hello = MakeHello(connection, nonce, nonce, servedNonce) }, cancellationToken).ConfigureAwait(false);
        var answer = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        if (answer.KindCase != Frame.KindOneofCase.Hello || !answer.Hello.Nonce.Span.SequenceEqual(servedNonce))
            throw Broken("It did not answer with a Hello to this Challenge.");
        return Check(connection, answer.Hello, nonce, servedNonce);
    }

    /// <summary>The first half of the served side: asks who it is, and checks the proof. The caller decides on admission, then calls <see cref="WelcomeAsync"/>.</summary>
    public async Task<ServedHello> HearAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        var servedNonce = RandomNumberGenerator.GetBytes(LinkLimits.NonceLength);
        await connection.WriteAsync(
            new Frame { Challenge = new Challenge { Nonce = ByteString.CopyFrom(servedNonce) } }, cancellationToken).ConfigureAwait(false);
        var hello = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        if (hello.KindCase != Frame.KindOneofCase.Hello || hello.Hello.Nonce.Length != LinkLimits.NonceLength)
            throw Broken("It did not begin with a Hello.");
        var nonce = hello.Hello.Nonce.ToByteArray();
        return new ServedHello(Check(connection, hello.Hello, nonce, servedNonce), nonce, servedNonce);
    }

    /// <summary>The second half of the served side: lets the other side in.</summary>
    public ValueTask WelcomeAsync(IFrameConnection connection, ServedHello heard, CancellationToken cancellationToken) =>
        connection.WriteAsync(
            new Frame { Hello = MakeHello(connection, heard.ServedNonce, heard.DiallerNonce, heard.ServedNonce) }, cancellationToken);

    private static async Task<Frame> ReadAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        var frame = await connection.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw Broken("It hung up during the handshake.");
        if (frame.KindCase == Frame.KindOneofCase.Goodbye)
            throw new LinkRefusedException(frame.Goodbye.Reason, DisplayText.Clean(frame.Goodbye.Detail, LinkLimits.TextLength), byOther: true);
        return frame;
    }

    private Hello MakeHello(IFrameConnection connection, byte[] nonce, byte[] diallerNonce, byte[] servedNonce)
    {
        var (diallerKey, servedKey) = Keys(connection);
        var heard = store.GetHeard(connection.Peer);
        return new Hello
        {
            Version = LinkLimits.ProtocolVersion,
            PeerId = ByteString.CopyFrom(local.PeerId.ToArray()),
            Nonce = ByteString.CopyFrom(nonce),
            Signature = ByteString.CopyFrom(
                HelloProof.Sign(local.Key, connection.Dialled, diallerKey.Span, servedKey.Span, diallerNonce, servedNonce)),
            Instance = local.Instance,
            Name = local.Name,
            StoreId = store.StoreId,
            Heard = new Heard { StoreId = heard.StoreId, Position = heard.Position },
        };
    }

    private RemoteHello Check(IFrameConnection connection, Hello hello, byte[] diallerNonce, byte[] servedNonce)
    {
        if (hello.Version != LinkLimits.ProtocolVersion)
            throw new LinkRefusedException(
                GoodbyeReason.Version, $"It speaks version {hello.Version} of the protocol, this node version {LinkLimits.ProtocolVersion}.", byOther: false);
        var (diallerKey, servedKey) = Keys(connection);
        if (!PeerId.TryRead(hello.PeerId.Span, out var peer)
            || peer != connection.Peer
            || !HelloProof.Verify(peer, !connection.Dialled, diallerKey.Span, servedKey.Span, diallerNonce, servedNonce, hello.Signature.Span))
            throw Broken("Its Hello does not prove the identity of its certificate.");
        if (peer == local.PeerId)
            throw new LinkRefusedException(GoodbyeReason.Protocol, "It is this node itself.", byOther: false);
        var isThisStore = hello.Heard is { } heard && heard.StoreId == store.StoreId && heard.Position <= store.LastPosition;
        return new RemoteHello(
            peer, hello.Instance, DisplayText.Clean(hello.Name, LinkLimits.TextLength), hello.StoreId, isThisStore ? hello.Heard.Position : 0);
    }

    private (ReadOnlyMemory<byte> Dialler, ReadOnlyMemory<byte> Served) Keys(IFrameConnection connection) =>
        connection.Dialled ? (local.KeyInfo, connection.RemoteKeyInfo) : (connection.RemoteKeyInfo, local.KeyInfo);

    private static LinkRefusedException Broken(string detail) => new(GoodbyeReason.Protocol, detail, byOther: false);
}

/// <summary>A Hello that was heard and checked, before admission.</summary>
internal sealed record ServedHello(RemoteHello Remote, byte[] DiallerNonce, byte[] ServedNonce);

using System.Security.Cryptography;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Node.Invites;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Says and hears the Hellos of a link. Thread-safe: all state of a handshake is in its call.</summary>
/// <param name="local">This node.</param>
/// <param name="store">Knows how far peers were heard.</param>
/// <param name="sharesWith">What this node exchanges with a peer at the moment.</param>
/// <param name="redemptions">The invites that this node shows to those who gave them.</param>
internal sealed class LinkHandshake(LocalNode local, LogStore store, Func<PeerId, OwnShares> sharesWith, Redemptions redemptions)
{
    /// <summary>The dialler's side. Returns once the other side has proved itself and let us in.</summary>
    /// <exception cref="LinkRefusedException">The other side said Goodbye, or broke the protocol.</exception>
    /// <exception cref="WireException">The connection broke.</exception>
    public async Task<RemoteHello> DialAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        var challenge = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        if (challenge.KindCase != Frame.KindOneofCase.Challenge || !HelloFrames.TryRead(challenge.Challenge, out var servedNonce, out _))
            throw Broken("It did not begin with a Challenge.");
        var nonce = MakeNonce();
        var (shares, generation) = (sharesWith(connection.Peer), store.HeardGeneration);
        var invite = redemptions.Find(connection.Peer)?.Prove(local.PeerId, connection.Peer, nonce.Span, servedNonce.Span);
        await connection.WriteAsync(MakeHello(connection, shares, invite, nonce, nonce, servedNonce), cancellationToken).ConfigureAwait(false);
        var answer = await ReadHelloAsync(connection, cancellationToken).ConfigureAwait(false);
        if (!answer.Nonce.Span.SequenceEqual(servedNonce.Span))
            throw Broken("Its Hello does not belong to its Challenge.");
        Check(connection, answer, nonce, servedNonce);
        NoteLetIn(answer);
        return Describe(answer, shares, nonce, servedNonce, generation);
    }

    /// <summary>The first half of the served side: asks who it is, and checks the proof. The caller decides on admission, then calls <see cref="WelcomeAsync"/>.</summary>
    public async Task<ServedHello> HearAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        var servedNonce = MakeNonce();
        await connection.WriteAsync(HelloFrames.WriteChallenge(servedNonce), cancellationToken).ConfigureAwait(false);
        var hello = await ReadHelloAsync(connection, cancellationToken).ConfigureAwait(false);
        Check(connection, hello, hello.Nonce, servedNonce);
        return new ServedHello(hello, servedNonce);
    }

    /// <summary>True if the other side has proved a room that this node is in.</summary>
    public bool SharesRoom(ServedHello heard) =>
        Describe(heard.Greeting, sharesWith(heard.PeerId) with { Direct = false }, heard.Greeting.Nonce, heard.ServedNonce, generation: 0).Sharing.AtStart.Count > 0;

    /// <summary>True if the other side has shown an invite of this node that is good.</summary>
    public bool ShowsInvite(ServedHello heard, InviteBook invites) => heard.Greeting.Invite is { } shown
        && invites.IsShown(shown, heard.PeerId, local.PeerId, heard.Greeting.Nonce.Span, heard.ServedNonce.Span);

    /// <summary>True if an invite is shown to this peer until it lets this node in.</summary>
    public bool IsRedeeming(PeerId inviter) => redemptions.Find(inviter) is not null;

    /// <summary>The second half of the served side: lets the other side in.</summary>
    public async ValueTask<RemoteHello> WelcomeAsync(IFrameConnection connection, ServedHello heard, CancellationToken cancellationToken)
    {
        var (diallerNonce, servedNonce) = (heard.Greeting.Nonce, heard.ServedNonce);
        var (shares, generation) = (sharesWith(connection.Peer), store.HeardGeneration);
        await connection.WriteAsync(MakeHello(connection, shares, null, servedNonce, diallerNonce, servedNonce), cancellationToken).ConfigureAwait(false);
        NoteLetIn(heard.Greeting);
        return Describe(heard.Greeting, shares, diallerNonce, servedNonce, generation);
    }

    /// <summary>Who shares the direct conversation knows this node, by an invite or otherwise. Who has let it in for a room alone does not.</summary>
    private void NoteLetIn(Greeting hello)
    {
        if (hello.Shares.Direct)
            redemptions.Forget(hello.Peer);
    }

    private static ReadOnlyMemory<byte> MakeNonce() => RandomNumberGenerator.GetBytes(HelloProof.NonceLength);

    private static async Task<Frame> ReadAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        var frame = await connection.ReadAsync(cancellationToken).ConfigureAwait(false) ?? throw Broken("It hung up during the handshake.");
        if (frame.KindCase != Frame.KindOneofCase.Goodbye)
            return frame;
        var (reason, detail) = HelloFrames.Read(frame.Goodbye);
        throw new LinkRefusedException(reason, detail, byOther: true);
    }

    private static async Task<Greeting> ReadHelloAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        var frame = await ReadAsync(connection, cancellationToken).ConfigureAwait(false);
        if (frame.KindCase != Frame.KindOneofCase.Hello)
            throw Broken("It said something else where a Hello belongs.");
        return HelloFrames.TryRead(frame.Hello, out var greeting, out var fault) ? greeting! : throw Broken($"It broke the protocol: {fault}.");
    }

    private Frame MakeHello(
        IFrameConnection connection, OwnShares shares, InviteProof? invite, ReadOnlyMemory<byte> nonce, ReadOnlyMemory<byte> diallerNonce,
        ReadOnlyMemory<byte> servedNonce)
    {
        var (diallerKey, servedKey) = Keys(connection);
        var signature = HelloProof.Sign(local.Key, connection.Dialled, diallerKey.Span, servedKey.Span, diallerNonce.Span, servedNonce.Span);
        return HelloFrames.Write(new Greeting(
            LinkLimits.ProtocolVersion, local.PeerId, nonce, signature, local.Instance, local.Name, store.GetHeard(connection.Peer),
            LinkSharing.Say(shares, local.PeerId, connection.Peer, diallerNonce, servedNonce), invite));
    }

    private void Check(
        IFrameConnection connection, Greeting hello, ReadOnlyMemory<byte> diallerNonce, ReadOnlyMemory<byte> servedNonce)
    {
        if (hello.Version != LinkLimits.ProtocolVersion)
            throw new LinkRefusedException(
                GoodbyeReason.Version, $"It speaks version {hello.Version} of the protocol, this node version {LinkLimits.ProtocolVersion}.", byOther: false);
        var (diallerKey, servedKey) = Keys(connection);
        if (hello.Peer != connection.Peer
            || !HelloProof.Verify(
                hello.Peer, !connection.Dialled, diallerKey.Span, servedKey.Span, diallerNonce.Span, servedNonce.Span, hello.Signature.Span))
            throw Broken("Its Hello does not prove the identity of its certificate.");
        if (hello.Peer == local.PeerId)
            throw new LinkRefusedException(GoodbyeReason.Protocol, "It is this node itself.", byOther: false);
    }

    private RemoteHello Describe(
        Greeting hello, OwnShares shares, ReadOnlyMemory<byte> diallerNonce, ReadOnlyMemory<byte> servedNonce, long generation)
    {
        var sharing = new LinkSharing(local.PeerId, hello.Peer, diallerNonce, servedNonce, shares, hello.Shares);
        var counts = hello.Heard.Instance == local.Instance && hello.Heard.Scope == sharing.Scope;
        return new RemoteHello(hello.Peer, hello.Instance, hello.Name, counts ? hello.Heard.Position : 0, sharing, generation);
    }

    private (ReadOnlyMemory<byte> Dialler, ReadOnlyMemory<byte> Served) Keys(IFrameConnection connection) =>
        connection.Dialled ? (local.KeyInfo, connection.RemoteKeyInfo) : (connection.RemoteKeyInfo, local.KeyInfo);

    private static LinkRefusedException Broken(string detail) => new(GoodbyeReason.Protocol, detail, byOther: false);
}

/// <summary>A Hello that was heard and checked, before admission.</summary>
internal sealed record ServedHello(Greeting Greeting, ReadOnlyMemory<byte> ServedNonce)
{
    public PeerId PeerId => Greeting.Peer;
}

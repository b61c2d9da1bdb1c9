using System.Threading.Channels;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Links;

public sealed class LinkHandshakeTests
{
    /// <summary>L1: a position counts within the process that gave it. After a restart it may mean another place, and what is before it was perhaps never told.</summary>
    [Theory]
    [InlineData(7, 5)]
    [InlineData(8, 0)]
    public async Task What_was_heard_of_an_earlier_process_counts_as_nothing(ulong heardOf, ulong toldThrough)
    {
        var token = TestContext.Current.CancellationToken;
        await using var alice = new StoreFixture(identity: 1);
        await using var bob = new StoreFixture(identity: 2);
        bob.Store.RecordHeard(alice.Identity.PeerId, heardOf, 5);
        var toAlice = Channel.CreateUnbounded<Frame>();
        var toBob = Channel.CreateUnbounded<Frame>();
        await using var served = new ChannelConnection(bob.Identity.PeerId, dialled: false, toAlice.Reader, toBob.Writer);
        await using var dialled = new ChannelConnection(alice.Identity.PeerId, dialled: true, toBob.Reader, toAlice.Writer);
        var dialling = Handshake(bob, instance: 1).DialAsync(dialled, token);
        var aliceSide = Handshake(alice, instance: 7);
        var heard = await aliceSide.HearAsync(served, token);
        await aliceSide.WelcomeAsync(served, heard, token);

        Assert.Equal(toldThrough, heard.Remote.ToldThrough);
        Assert.Equal((alice.Identity.PeerId, 7ul), ((await dialling).PeerId, (await dialling).Instance));
    }

    private static LinkHandshake Handshake(StoreFixture fixture, ulong instance) =>
        new(new LocalNode(fixture.Identity, KeyInfo(fixture.Identity.PeerId), instance, "name"), fixture.Store);

    private static byte[] KeyInfo(PeerId peer) => peer.ToArray();

    /// <summary>One end of a connection in memory.</summary>
    private sealed class ChannelConnection(PeerId peer, bool dialled, ChannelReader<Frame> reader, ChannelWriter<Frame> writer) : IFrameConnection
    {
        public PeerId Peer => peer;

        public ReadOnlyMemory<byte> RemoteKeyInfo { get; } = KeyInfo(peer);

        public string RemoteAddress => "";

        public bool Dialled => dialled;

        public ValueTask WriteAsync(Frame frame, CancellationToken cancellationToken) => writer.WriteAsync(frame, cancellationToken);

        public async ValueTask<Frame?> ReadAsync(CancellationToken cancellationToken) => await reader.ReadAsync(cancellationToken);

        public ValueTask CompleteAsync() => ValueTask.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}

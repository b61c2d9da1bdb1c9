using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Tests.Logs;
using P2PGrpc.Node.Tests.Wire;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Links;

public sealed class LinkLoaderTests
{
    [Fact]
    public async Task A_read_that_fails_unexpectedly_is_told_and_closes_its_link()
    {
        using var recorded = new RecordedLog();
        await using var fixture = new StoreFixture();
        await using var session = new LinkSession(
            new LinkId(1), new SilentConnection(), TestRemotes.Direct(fixture.Identity.PeerId, default), null!, new WaitingFrames(), (_, _) => { }, (_, _) => "", _ => { },
            TestRemotes.HoldsNothing, TimeProvider.System, recorded.CreateLogger("session"));
        var failures = new List<Exception>();
        var loader = new LinkLoader(session, fixture.Store, _ => { }, failures.Add);
        await fixture.Store.DisposeAsync();

        loader.Add(new ReplicatorOutput.Load(session.Id, default, default, 1));

        var last = await session.Outbound.TakeAsync(TestContext.Current.CancellationToken).AsTask().WaitAsync(TestNode.Patience);
        Assert.Equal(Frame.KindOneofCase.Goodbye, last!.KindCase);
        Assert.Contains("store", last.Goodbye.Detail, StringComparison.Ordinal);
        Assert.Single(failures);
        // That the loop broke does not reach whoever lets go of the link.
        await loader.DisposeAsync();
    }
}

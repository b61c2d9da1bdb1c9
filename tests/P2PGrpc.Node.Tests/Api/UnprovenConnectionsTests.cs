using Microsoft.AspNetCore.Connections;
using P2PGrpc.Node.Api;
using Xunit;

namespace P2PGrpc.Node.Tests.Api;

/// <summary>Which TCP connections to the client endpoint are kept (A3): all that showed the token, and of the others the newest.</summary>
public sealed class UnprovenConnectionsTests
{
    private const int Kept = 256;

    private readonly UnprovenConnections connections = new();

    [Fact]
    public void Of_those_without_the_token_the_oldest_is_closed_for_a_new_one()
    {
        var early = Open(Kept);
        Assert.DoesNotContain(early, connection => connection.Aborted);

        var late = Open(3);

        Assert.All(early[..3], connection => Assert.True(connection.Aborted));
        Assert.DoesNotContain([.. early[3..], .. late], connection => connection.Aborted);
    }

    [Fact]
    public void One_that_showed_the_token_stays_however_many_come()
    {
        var proven = Open(1)[0];
        proven.Features.Get<ConnectionStanding>()!.Prove();

        var others = Open(2 * Kept);

        Assert.False(proven.Aborted);
        Assert.Equal(Kept, others.Count(connection => connection.Aborted));
    }

    [Fact]
    public async Task One_that_ended_leaves_its_place_to_others()
    {
        var gone = Open(1)[0];
        var staying = Open(Kept - 1);
        gone.End();
        await gone.Served;

        var late = Open(1);

        Assert.DoesNotContain([gone, .. staying, .. late], connection => connection.Aborted);
    }

    private List<OpenConnection> Open(int count) => [.. Enumerable.Range(0, count).Select(_ => new OpenConnection(connections))];

    /// <summary>A connection that stands until it is told to end. Being aborted is only noted: so each test sees who was chosen.</summary>
    private sealed class OpenConnection : DefaultConnectionContext
    {
        private readonly TaskCompletionSource ended = new();

        public OpenConnection(UnprovenConnections connections) => Served = connections.InvokeAsync(this, _ => ended.Task);

        public bool Aborted { get; private set; }

        public Task Served { get; }

        public void End() => ended.SetResult();

        public override void Abort(ConnectionAbortedException abortReason) => Aborted = true;
    }
}

using Grpc.Core;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Api;

/// <summary>Those who watch the node's events leave nothing behind.</summary>
public sealed class WatchEventsTests
{
    private readonly NodeEvents events = new(TimeProvider.System);

    [Fact]
    public async Task A_caller_that_is_gone_before_the_headers_are_out_is_no_watcher_any_more()
    {
        using var lifetime = new ApiLifetime();
        var service = new NodeApiService(null!, null!, null!, null!, null!, null!, null!, events, lifetime);

        await Assert.ThrowsAsync<IOException>(() => service.WatchEvents(new WatchEventsRequest(), null!, new BrokenCall()));

        Assert.Equal(0, events.WatcherCount);
    }

    [Fact]
    public async Task Who_asked_for_events_and_never_read_any_is_gone_once_cancelled()
    {
        using var cancellation = new CancellationTokenSource();
        _ = events.WatchAsync(cancellation.Token);
        Assert.Equal(1, events.WatcherCount);

        await cancellation.CancelAsync();

        Assert.Equal(0, events.WatcherCount);
    }

    [Fact]
    public async Task A_slow_reader_is_told_how_many_events_it_missed()
    {
        await using (var watching = events.WatchAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken))
        {
            for (var number = 0; number < 1030; number++)
                events.Notice("N", "", "");
            Assert.True(await watching.MoveNextAsync());
            Assert.Equal(6ul, watching.Current.Missed);
            Assert.True(await watching.MoveNextAsync());
            Assert.Equal("N", watching.Current.Notice.Reason);
        }

        Assert.Equal(0, events.WatcherCount);
    }

    /// <summary>A call whose connection broke.</summary>
    private sealed class BrokenCall : ServerCallContext
    {
        protected override string MethodCore => "";

        protected override string HostCore => "";

        protected override string PeerCore => "";

        protected override DateTime DeadlineCore => DateTime.MaxValue;

        protected override Metadata RequestHeadersCore => [];

        protected override CancellationToken CancellationTokenCore => default;

        protected override Metadata ResponseTrailersCore => [];

        protected override Status StatusCore { get; set; }

        protected override WriteOptions? WriteOptionsCore { get; set; }

        protected override AuthContext AuthContextCore => new("", []);

        protected override ContextPropagationToken CreatePropagationTokenCore(ContextPropagationOptions? options) =>
            throw new NotSupportedException();

        protected override Task WriteResponseHeadersAsyncCore(Metadata responseHeaders) => Task.FromException(new IOException("gone"));
    }
}

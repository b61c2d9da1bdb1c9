using System.IO.Pipelines;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using P2PGrpc.Node.Web;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Web;

/// <summary>Server-sent events on a clock that stands still.</summary>
public sealed class EventStreamTests
{
    private const string Heartbeat = ": still here\n\n";

    private readonly FakeTimeProvider time = new();
    private readonly Pipe pipe = new();
    private readonly DefaultHttpContext context = new();

    public EventStreamTests() => context.Response.Body = pipe.Writer.AsStream();

    [Fact]
    public async Task A_silent_stream_says_now_and_then_that_it_is_there()
    {
        await using var events = new EventStream<SubscribeResponse>(context.Response, time, TestContext.Current.CancellationToken);
        for (var beats = 0; beats < 3; beats++)
        {
            time.Advance(WebLimits.Heartbeat);
            Assert.Equal(Heartbeat, await ReadAsync(Heartbeat.Length));
        }

        Assert.Equal("text/event-stream", context.Response.ContentType);
    }

    [Fact]
    public async Task An_event_has_the_cursor_as_its_id_and_one_line_of_data()
    {
        await using var events = new EventStream<SubscribeResponse>(context.Response, time, TestContext.Current.CancellationToken);
        await events.WriteAsync(new SubscribeResponse { Cursor = new Cursor { Position = 12, Check = 0xab }, Batches = { new MessageBatch { Alias = "a\nb" } } });
        const string expected = "id: 12.00000000000000ab\ndata: { \"batches\": [ { \"alias\": \"a\\nb\" } ], \"cursor\": { \"position\": \"12\", \"check\": \"171\" } }\n\n";
        Assert.Equal(expected, await ReadAsync(expected.Length));
        Assert.Equal(new Cursor { Position = 12, Check = 0xab }, EventPlace.Read("12.00000000000000ab"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData(".ab")]
    [InlineData("12.")]
    [InlineData("12.xy")]
    [InlineData("-1.ab")]
    [InlineData("99999999999999999999.ab")]
    [InlineData("12.00000000000000000ab0000000000000000")]
    public void An_id_of_another_kind_is_none(string text) => Assert.Null(EventPlace.Read(text));

    [Fact]
    public async Task A_reader_that_takes_nothing_holds_up_the_writer_and_heartbeats_do_not_pile_up()
    {
        var narrow = new Pipe(new PipeOptions(pauseWriterThreshold: 64, resumeWriterThreshold: 32, useSynchronizationContext: false));
        context.Response.Body = narrow.Writer.AsStream();
        var events = new EventStream<SubscribeResponse>(context.Response, time, TestContext.Current.CancellationToken);
        var writing = events.WriteAsync(new SubscribeResponse { Batches = { new MessageBatch { Alias = new string('a', 500) } } });
        time.Advance(20 * WebLimits.Heartbeat);
        Assert.False(writing.IsCompleted);

        var text = "";
        while (!text.Contains(Heartbeat, StringComparison.Ordinal))
        {
            var read = await narrow.Reader.ReadAsync(TestContext.Current.CancellationToken);
            text += Encoding.UTF8.GetString(read.Buffer);
            narrow.Reader.AdvanceTo(read.Buffer.End);
        }

        await writing;
        Assert.StartsWith("data: ", text, StringComparison.Ordinal);
        await events.DisposeAsync();
        await narrow.Writer.CompleteAsync();
        Assert.True((await narrow.Reader.ReadAsync(TestContext.Current.CancellationToken)).Buffer.Length < 3 * Heartbeat.Length);
    }

    private async Task<string> ReadAsync(int length)
    {
        var read = await pipe.Reader.ReadAtLeastAsync(length, TestContext.Current.CancellationToken);
        var text = Encoding.UTF8.GetString(read.Buffer);
        pipe.Reader.AdvanceTo(read.Buffer.End);
        return text;
    }
}

using P2PGrpc.Cli.Rendering;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class ReceivedMessageTests
{
    [Fact]
    public void Entries_that_could_not_be_read_are_no_messages_and_only_keep_the_places_of_the_others()
    {
        var batch = new MessageBatch { Log = "log", FirstSequence = 5, FirstPosition = 50, Check = 3 };
        batch.Messages.Add([MakeEntry("one"), new Entry(), new Entry { Clock = 1 }, MakeEntry("four")]);

        var messages = ReceivedMessage.Read(new SubscribeResponse { Batches = { batch } }).ToList();

        Assert.Equal(["one", "four"], messages.Select(message => message.Text));
        Assert.Equal(["log/5", "log/8"], messages.Select(message => message.Reference));
        Assert.Equal([new FeedCursor(50, 3), new FeedCursor(53, 3)], messages.Select(message => message.Cursor!.Value));
    }

    [Fact]
    public void What_is_shown_ahead_has_no_cursor_and_says_what_is_missing_before_it()
    {
        var batch = new MessageBatch { Author = "bob-id", Alias = "bob", Log = "log", FirstSequence = 13, Ahead = true, MissingBefore = 12 };
        batch.Messages.Add([MakeEntry("one"), MakeEntry("two")]);

        var messages = ReceivedMessage.Read([batch]).ToList();

        Assert.Equal([("log/13", true, 12ul), ("log/14", true, 0ul)], messages.Select(message => (message.Reference, message.Ahead, message.MissingBefore)));
        Assert.All(messages, message => Assert.Null(message.Cursor));
        Assert.Equal("… 12 messages of bob before this one are still to come", MessageLines.TellOfGap(messages[0]));
        Assert.Contains("\"ephemeral\":false,\"ahead\":true,\"missingBefore\":12}", JsonLines.Message(messages[0]), StringComparison.Ordinal);
        Assert.EndsWith("\"ahead\":true}", JsonLines.Message(messages[1]), StringComparison.Ordinal);
        Assert.DoesNotContain("cursor", JsonLines.Message(messages[1]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("a-long-alias-for-a-good-old-friend", "a-long-alias-for-a-good-old-friend")]
    [InlineData("3y2fr5pt6dnlcv7gyvhq2ndaxrqqkqrlzfdv64ujg2o5clsfxn7a", "3y2fr5pt6dnl")]
    public void An_alias_is_shown_whole_and_an_id_by_its_beginning(string peer, string shown)
    {
        var batch = new MessageBatch { Author = "me", Alias = "self", Peer = peer };
        batch.Messages.Add(MakeEntry("text"));
        var message = ReceivedMessage.Read(new SubscribeResponse { Batches = { batch } }).Single();

        var line = Assert.Single(new MessageLines(TimeProvider.System).Create(message)).Plain;

        Assert.EndsWith($"self → {shown}: text", line, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x", 4096, null)]
    [InlineData("x", 4097, "1 byte")]
    [InlineData("é", 50_000, "93.7 KiB")]
    [InlineData("line\n", 300, "501 bytes")]
    public void A_long_text_is_cut_where_somebody_only_looks_on_and_whole_elsewhere(string piece, int count, string? more)
    {
        var text = string.Concat(Enumerable.Repeat(piece, count));
        var batch = new MessageBatch { Author = "bob-id", Alias = "bob" };
        batch.Messages.Add(MakeEntry(text));
        var message = ReceivedMessage.Read(new SubscribeResponse { Batches = { batch } }).Single();

        var whole = Read(new MessageLines(TimeProvider.System));
        var cut = Read(new MessageLines(TimeProvider.System, "the command"));

        Assert.Equal(text, string.Join('\n', whole));
        Assert.Equal(more is null ? null : $"… {more} more: 'the command' shows all of it", more is null ? null : cut[^1]);
        var shown = string.Join('\n', more is null ? cut : cut[..^1]);
        Assert.StartsWith(shown, text, StringComparison.Ordinal);
        Assert.InRange(System.Text.Encoding.UTF8.GetByteCount(shown), 900, 4096);

        string[] Read(MessageLines lines) => [.. lines.Create(message).Select((line, index) => line.Plain[(index == 0 ? "HH:mm:ss  bob: " : "          ").Length..])];
    }

    private static Entry MakeEntry(string text) => new() { Clock = 1, Content = new Content { Text = text } };
}

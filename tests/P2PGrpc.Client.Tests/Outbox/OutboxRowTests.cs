using Xunit;

namespace P2PGrpc.Client.Tests.Outbox;

/// <summary>What may stand in a row of an outbox.</summary>
public sealed class OutboxRowTests
{
    [Theory]
    [InlineData(null, "1", "", "x", "{}", "recipient")]
    [InlineData("", "1", "", "x", "{}", "recipient")]
    [InlineData("bob", null, "", "x", "{}", "message_id")]
    [InlineData("bob", "1", null, "x", "{}", "content_type")]
    [InlineData("bob", "1", "", null, "{}", "body")]
    [InlineData("bob", "1", "", 7L, "{}", "body")]
    [InlineData("bob", "1", "", "x", null, "headers")]
    [InlineData("bob", "1", "", "x", "", "headers")]
    [InlineData("bob", "1", "", "x", "null", "headers")]
    [InlineData("bob", "1", "", "x", "{\"a\":null}", "headers")]
    [InlineData("bob", "1", "", "x", "{\"a\":1}", "headers")]
    [InlineData("bob", "1", "", "x", "{\"a\":\"\\ud800\"}", "headers")]
    public void What_is_no_message_says_which_column_is_to_blame(object? to, object? messageId, object? contentType, object? body, object? headers, string column)
    {
        var row = OutboxRow.Read(5, to ?? DBNull.Value, messageId ?? DBNull.Value, contentType ?? DBNull.Value, body ?? DBNull.Value, headers ?? DBNull.Value);
        Assert.Null(row.Message);
        Assert.Equal(5, row.Sequence);
        Assert.Contains($"The column {column} holds no ", row.Fault);
    }

    [Fact]
    public void A_text_where_bytes_should_stand_is_its_own_bytes()
    {
        Assert.Equal("ä", OutboxRow.Read(1, "bob", "1", "", "ä", "{}").Message?.Text);
        Assert.Equal([0xC3, 0xA4], OutboxRow.Read(1, "bob", "1", "a/b", "ä", "{}").Message!.Data.ToArray());
    }
}

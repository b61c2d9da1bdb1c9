using Google.Protobuf;
using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Conversations;

public sealed class ContentRuleTests
{
    public static TheoryData<string, Content> Refused() => new()
    {
        { "text", new Content() },
        { "text", new Content { Text = "" } },
        { "text", new Content { Text = "a\ud800b" } },
        { "message_id", new Content { Text = "x", MessageId = "\udc00" } },
        { "headers", new Content { Text = "x", Headers = { { "name", "\ud800" } } } },
        { "text", new Content { Text = new string('é', ContentLimits.BodyLength / 2 + 1) } },
        { "content_type", new Content { Text = "x", ContentType = "text/plain" } },
        { "data", new Content { Data = ByteString.Empty, ContentType = "a/b" } },
        { "data", new Content { Data = ByteString.CopyFrom(new byte[ContentLimits.BodyLength + 1]), ContentType = "a/b" } },
        { "content_type", new Content { Data = ByteString.CopyFrom(1) } },
        { "content_type", new Content { Data = ByteString.CopyFrom(1), ContentType = new string('x', 256) } },
        { "message_id", new Content { Text = "x", MessageId = new string('x', 129) } },
        { "headers", new Content { Text = "x", Headers = { { "", "value" } } } },
        { "headers", new Content { Text = "x", Headers = { { "name", new string('v', 16 * 1024) } } } },
        { "headers", WithHeaders(65) },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Content_beyond_the_limits_is_refused_by_its_field(string field, Content content)
    {
        var refused = Assert.Throws<NodeRequestException>(() => ContentRule.Check(content));
        Assert.Equal(StatusCode.InvalidArgument, refused.Status);
        Assert.Equal(field, refused.Field);
    }

    [Fact]
    public void Content_at_the_limits_is_taken()
    {
        ContentRule.Check(new Content { Text = new string('x', ContentLimits.BodyLength), MessageId = new string('x', 128) });
        ContentRule.Check(new Content { Data = ByteString.CopyFrom(new byte[ContentLimits.BodyLength]), ContentType = new string('x', 255) });
        ContentRule.Check(WithHeaders(64));
        ContentRule.Check(new Content { Text = "👋🏽" });
    }

    private static Content WithHeaders(int count)
    {
        var content = new Content { Text = "x" };
        for (var index = 0; index < count; index++)
            content.Headers.Add($"name{index}", "value");
        return content;
    }

    [Fact]
    public void Near_names_come_nearest_first_and_far_ones_not_at_all()
    {
        string[] names = ["bob", "bobby", "carol", "rob", "alice", "al"];
        Assert.Equal(["bob", "rob", "bobby"], NearNames.Find("bob", names));
        Assert.Equal(["alice", "al"], NearNames.Find("alise", names));
        Assert.Empty(NearNames.Find("zzzzzz", names));
    }
}

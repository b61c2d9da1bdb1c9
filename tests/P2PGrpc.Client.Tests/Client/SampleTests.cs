using System.Diagnostics;
using P2PGrpc.Client.Tests.Cli;
using P2PGrpc.Client.Tests.Fakes;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class SampleTests
{
    [Fact]
    public async Task The_sample_with_a_client_in_a_host_sends_and_answers()
    {
        await using var node = await FakeNode.StartAsync();
        using var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                FindSample("SendAndSubscribe"), $"--Node:DataDirectory={node.Directory}", "--To=bob", "--Text=hi",
            },
            RedirectStandardOutput = true,
        })!;
        try
        {
            await Terminal.WaitAsync(() => node.Feed.Texts.Contains("hi") && !node.Peers.Subscribes.IsEmpty);
            node.Feed.Receive("how are you");
            await Terminal.WaitAsync(() => node.Feed.Texts.Contains("you said: how are you"));
        }
        finally
        {
            process.Kill();
        }
    }

    [Fact]
    public async Task The_sample_with_handlers_handles_orders_and_answers_questions()
    {
        await using var node = await FakeNode.StartAsync();
        using var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList = { FindSample("MessageHandlers"), $"--Node:DataDirectory={node.Directory}", "--Handlers:Consumer=warehouse", "--Handlers:StartAt=Start" },
            RedirectStandardOutput = true,
        })!;
        try
        {
            Receive("OrderPlaced", """{"number":7,"article":"chair"}""", asks: false);
            Receive("StockQuestion", """{"article":"chair"}""", asks: true);
            Receive("StockQuestion", """{"article":"table"}""", asks: true);
            await Terminal.WaitAsync(() => node.Peers.Sends.Count == 3 && node.Feed.Consumers.GetValueOrDefault("warehouse") >= 3);
            var (packed, answer, refusal) = (node.Peers.Sends.First(), node.Peers.Sends.ElementAt(1), node.Peers.Sends.Last());
            Assert.Equal(("bob-id", "order 7 is packed"), (packed.To, packed.Text));
            Assert.Equal(("bob-id", """{"article":"chair","count":3}""", "c"), (answer.To, answer.Data.ToStringUtf8(), answer.Headers[MessageHeaders.CorrelationId]));
            Assert.Equal(("There is no table here.", "ARTICLE_UNKNOWN"), (refusal.Text, refusal.Headers[MessageHeaders.ReplyError]));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        void Receive(string type, string json, bool asks)
        {
            var content = new Content
            {
                Data = Google.Protobuf.ByteString.CopyFromUtf8(json),
                ContentType = "application/json",
                Headers = { [MessageHeaders.MessageType] = type },
            };
            if (asks)
                content.Headers.Add(new Dictionary<string, string> { [MessageHeaders.ReplyTo] = "bob-id", [MessageHeaders.CorrelationId] = "c" });
            node.Feed.Receive(content);
        }
    }

    [Theory]
    [InlineData("OutboxAdoNet", "OrderPlaced", "number")]
    [InlineData("OutboxEntityFramework", "Order", "id")]
    public async Task The_samples_with_an_outbox_send_the_message_of_their_transaction(string sample, string type, string key)
    {
        await using var node = await FakeNode.StartAsync();
        using var process = Process.Start(new ProcessStartInfo("dotnet")
        {
            ArgumentList =
            {
                FindSample(sample), $"--Node:DataDirectory={node.Directory}", "--To=bob", $"--ConnectionStrings:Orders=Data Source={node.Directory}/orders.db",
            },
            RedirectStandardOutput = true,
        })!;
        try
        {
            await Terminal.WaitAsync(() => node.Feed.Count == 1);
            var sent = node.Peers.Sends.Last();
            Assert.Equal(("bob", "application/json", type), (sent.To, sent.ContentType, sent.Headers[MessageHeaders.MessageType]));
            Assert.Equal($$"""{"{{key}}":1,"article":"a chair"}""", sent.Data.ToStringUtf8());
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    // Each project has a folder of its own below artifacts/bin, with one for each configuration.
    private static string FindSample(string sample)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory);
        return Path.Combine(own.Parent!.Parent!.FullName, sample, own.Name, $"{sample}.dll");
    }
}

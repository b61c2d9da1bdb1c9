using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using P2PGrpc.Client.Tests.Fakes;
using Xunit;

namespace P2PGrpc.Client.Tests.Client;

public sealed class OptionsTests
{
    public static TheoryData<P2PGrpcClientOptions, string> Faults => new()
    {
        { new() { DataDirectory = "a", Address = "h:1" }, "both set" },
        { new() { Address = "h:1", Token = "a", TokenFile = "b" }, "both set" },
        { new() { Token = "a" }, "no Address" },
        { new() { Address = "host" }, "host:port" },
        { new() { Address = "ftp://host:1" }, "host:port" },
        { new() { Address = "http://host:1/path" }, "host:port" },
        { new() { Address = "http://10.0.0.1:1", Token = "a" }, "in clear" },
        { new() { Address = "http://127.0.0.1:1", ServerCertificateFile = "a" }, "not https" },
        { new() { ServerCertificateFile = "a" }, "no Address" },
        { new() { DataDirectory = "" }, "empty" },
        { new() { CallTimeout = TimeSpan.Zero }, "CallTimeout" },
        { new() { CallTimeout = TimeSpan.MaxValue }, "CallTimeout must be at most 49 days" },
        { new() { CallTimeout = TimeSpan.FromDays(30) }, "write \"00:00:30\" for half a minute" },
        { new() { RetryFor = TimeSpan.FromDays(30) }, "RetryFor must be at most a day" },
        { new() { Address = "127.0.0.1:1", Token = "a\nb" }, "line break" },
        { new() { Address = "127.0.0.1:1", Token = "clé" }, "line break" },
        { new() { RetryFor = TimeSpan.FromSeconds(-1) }, "RetryFor" },
        { new() { Address = "https://h:1", ServerCertificateFile = "/nowhere.pem" }, "/nowhere.pem" },
    };

    [Theory]
    [MemberData(nameof(Faults), DisableDiscoveryEnumeration = true)]
    public void Contradicting_options_are_refused_in_words(P2PGrpcClientOptions options, string words)
    {
        var fault = Assert.Throws<ArgumentException>(() => new P2PGrpcClient(options));
        Assert.Contains(words, fault.Message);
    }

    [Theory]
    [InlineData("127.0.0.1:6555")]
    [InlineData("localhost:6555")]
    [InlineData("[::1]:6555")]
    [InlineData("http://127.0.0.1:6555")]
    [InlineData("https://node.example:6555/")]
    public async Task Addresses_are_taken_as_people_write_them(string address)
    {
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { Address = address, Token = "a" });
        Assert.NotNull(client.Messages);
    }

    [Theory]
    [InlineData(0, "Timeout must be more than zero")]
    [InlineData(-1_000, "Timeout must be more than zero")]
    [InlineData(50 * 86_400_000L, "Timeout must be at most 49 days")]
    public void Time_limits_that_can_not_be_kept_are_refused_in_words(long milliseconds, string words)
    {
        var limit = TimeSpan.FromMilliseconds(milliseconds);
        Assert.Contains(words, Assert.Throws<ArgumentOutOfRangeException>(() => new SendSettings { Timeout = limit }).Message, StringComparison.Ordinal);
        Assert.Contains(words, Assert.Throws<ArgumentOutOfRangeException>(() => new RequestSettings { Timeout = limit }).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_time_limit_a_call_is_made_all_the_same()
    {
        await using var node = await FakeNode.StartAsync();
        await using var client = new P2PGrpcClient(new P2PGrpcClientOptions { DataDirectory = node.Directory, CallTimeout = Timeout.InfiniteTimeSpan });
        node.Peers.BeUnavailable(1);
        await client.SendAsync("bob", "one");
        await client.SendAsync("bob", "two", new SendSettings { Timeout = Timeout.InfiniteTimeSpan });
        Assert.Equal(["one", "two"], node.Feed.Texts);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SubscribeSettings { ReconnectFor = TimeSpan.FromSeconds(-1) });
    }

    [Fact]
    public async Task Services_are_disposed_of_without_awaiting()
    {
        await using var node = await FakeNode.StartAsync();
        var services = new ServiceCollection();
        services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory);
        var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<P2PGrpcClient>();
        await client.SendAsync("bob", "hello");
        Dispose(provider);
        Assert.Equal(typeof(P2PGrpcClient).FullName, (await Assert.ThrowsAsync<ObjectDisposedException>(() => client.SendAsync("bob", "hello"))).ObjectName);
        Dispose(client);
        Assert.Equal(1, node.Feed.Count);

        static void Dispose(IDisposable what) => what.Dispose();
    }

    [Fact]
    public async Task A_client_added_to_services_is_one_client_and_sends()
    {
        await using var node = await FakeNode.StartAsync();
        var services = new ServiceCollection();
        var builder = services.AddP2PGrpcClient(options => options.DataDirectory = node.Directory);
        Assert.Same(services, builder.Services);
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<P2PGrpcClient>();
        Assert.Same(client, provider.GetRequiredService<P2PGrpcClient>());
        await client.SendAsync("bob", "hello");
        Assert.Equal(1, node.Feed.Count);
    }

    [Fact]
    public async Task Named_clients_stand_beside_each_other()
    {
        var services = new ServiceCollection();
        services.AddP2PGrpcClient("one", options => options.DataDirectory = "/one");
        services.AddP2PGrpcClient("two", options => options.DataDirectory = "/two");
        await using var provider = services.BuildServiceProvider();
        Assert.NotSame(provider.GetRequiredKeyedService<P2PGrpcClient>("one"), provider.GetRequiredKeyedService<P2PGrpcClient>("two"));
        Assert.Null(provider.GetService<P2PGrpcClient>());
    }

    [Fact]
    public void Wrong_options_in_services_are_found_at_validation()
    {
        var services = new ServiceCollection();
        services.AddP2PGrpcClient(options => options.Address = "nonsense");
        using var provider = services.BuildServiceProvider();
        var fault = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains("nonsense", fault.Message);
    }

    [Fact]
    public void A_key_of_the_configuration_that_is_no_option_is_an_error()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("Node:Adress", "127.0.0.1:1"), new("Node2:CallTimeout", "30")]).Build();
        var services = new ServiceCollection();
        services.AddP2PGrpcClient(configuration.GetSection("Node"));
        services.AddP2PGrpcClient("other", configuration.GetSection("Node2"));
        using var provider = services.BuildServiceProvider();
        Assert.Contains("'Adress'", Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<P2PGrpcClient>()).Message, StringComparison.Ordinal);
        var fault = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredKeyedService<P2PGrpcClient>("other"));
        Assert.Contains("the client 'other': CallTimeout must be at most a day, not 30 days", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0000000000000000", true)]
    [InlineData("18446744073709551615.ffffffffffffffff", true)]
    [InlineData("1", false)]
    [InlineData(".0000000000000000", false)]
    [InlineData("1.00", false)]
    [InlineData("-1.0000000000000000", false)]
    [InlineData(null, false)]
    public void A_cursor_is_read_as_it_is_written(string? text, bool valid)
    {
        Assert.Equal(valid, FeedCursor.TryParse(text, out var cursor));
        if (valid)
            Assert.Equal(text, cursor.ToString());
    }
}

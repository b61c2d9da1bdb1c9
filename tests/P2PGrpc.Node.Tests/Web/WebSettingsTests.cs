using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Web;

public sealed class WebSettingsTests
{
    [Fact]
    public void It_is_off_unless_it_is_wanted()
    {
        Assert.Null(NodeSettings.From(Options(null)).Web);
        Assert.Null(NodeSettings.From(Options("off")).Web);
        Assert.Equal("127.0.0.1:7555", NodeSettings.From(Options("127.0.0.1:7555")).Web?.ToString());
    }

    [Theory]
    [InlineData("7555")]
    [InlineData("localhost:7555")]
    [InlineData("127.0.0.1:5555")]
    [InlineData("127.0.0.1:6555")]
    public void An_address_that_is_none_or_taken_is_refused(string address) => Refused("OPTIONS_INVALID", Options(address));

    [Fact]
    public void Beyond_loopback_it_needs_a_certificate_and_gets_along_with_one_alone()
    {
        Refused("API_NOT_PROTECTED", Options("0.0.0.0:7555"));
        var options = Options("0.0.0.0:7555");
        (options.Api, options.ApiCertificate, options.ApiKey) = ("off", "c", "k");
        Assert.NotNull(NodeSettings.From(options).Web);
    }

    [Theory]
    [InlineData("https://app.example", "https://app.example")]
    [InlineData("HTTPS://App.Example/", "https://app.example")]
    [InlineData("https://app.example:443", "https://app.example")]
    [InlineData("http://localhost:3000", "http://localhost:3000")]
    [InlineData("http://[::1]:3000", "http://[::1]:3000")]
    public void Origins_are_kept_as_browsers_write_them(string given, string kept)
    {
        var options = Options("127.0.0.1:7555");
        options.WebOrigins = [given];
        Assert.Equal([kept], NodeSettings.From(options).WebOrigins);
    }

    [Theory]
    [InlineData("*")]
    [InlineData("null")]
    [InlineData("app.example")]
    [InlineData("https://*.app.example")]
    [InlineData("https://app.example/path")]
    [InlineData("https://user@app.example")]
    [InlineData("file:///page")]
    public void What_is_no_origin_is_refused(string origin)
    {
        var options = Options("127.0.0.1:7555");
        options.WebOrigins = [origin];
        Refused("OPTIONS_INVALID", options);
    }

    [Fact]
    public void Origins_without_an_endpoint_are_refused()
    {
        var options = Options(null);
        options.WebOrigins = ["https://app.example"];
        Refused("OPTIONS_INVALID", options);
    }

    private static void Refused(string reason, NodeOptions options) =>
        Assert.Equal(reason, Assert.Throws<NodeStartException>(() => NodeSettings.From(options)).Reason);

    private static NodeOptions Options(string? web) => new() { DataDirectory = "x", Listen = "127.0.0.1:5555", Web = web };
}

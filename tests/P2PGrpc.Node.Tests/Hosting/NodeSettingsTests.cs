using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Hosting;

public sealed class NodeSettingsTests
{
    [Fact]
    public void The_client_endpoint_is_on_loopback_a_thousand_ports_above_by_default()
    {
        var settings = NodeSettings.From(new NodeOptions { DataDirectory = "x", Listen = "0.0.0.0:5555" });
        Assert.Equal("127.0.0.1:6555", settings.Api?.ToString());
        Assert.Null(NodeSettings.From(new NodeOptions { DataDirectory = "x", Api = "off" }).Api);
    }

    [Theory]
    [InlineData("5555")]
    [InlineData("localhost:5555")]
    [InlineData("1.2.3.4")]
    [InlineData("")]
    public void A_wrong_listening_address_is_refused(string listen)
    {
        var refused = Assert.Throws<NodeStartException>(() => NodeSettings.From(new NodeOptions { DataDirectory = "x", Listen = listen }));
        Assert.Equal("OPTIONS_INVALID", refused.Reason);
    }

    [Theory]
    [InlineData("8555")]
    [InlineData("127.0.0.1:5555")]
    [InlineData("127.0.0.1:6555")]
    [InlineData("127.0.0.1:7555")]
    public void A_health_port_that_is_none_or_anothers_is_refused(string health)
    {
        var options = new NodeOptions { DataDirectory = "x", Listen = "127.0.0.1:5555", Web = "127.0.0.1:7555", Health = "127.0.0.1:8555" };
        Assert.Equal("127.0.0.1:8555", NodeSettings.From(options).Health?.ToString());
        options.Health = health;
        Assert.Equal("OPTIONS_INVALID", Assert.Throws<NodeStartException>(() => NodeSettings.From(options)).Reason);
    }

    [Theory]
    [InlineData("alice\u001b[2J")]
    [InlineData("two\nlines")]
    [InlineData("\u202eecila")]
    [InlineData("two\u2028paragraphs")]
    public void A_name_that_could_disturb_a_screen_is_refused(string name)
    {
        var refused = Assert.Throws<NodeStartException>(() => NodeSettings.From(new NodeOptions { DataDirectory = "x", Name = name }));
        Assert.Equal("OPTIONS_INVALID", refused.Reason);
        Assert.DoesNotContain(refused.Message, c => char.IsControl(c) || c == '\u202e');
    }

    [Theory]
    [InlineData("")]
    [InlineData("Zoë's machine 👋🏽")]
    public void Any_name_that_can_be_read_is_taken(string name) =>
        Assert.Equal(name, NodeSettings.From(new NodeOptions { DataDirectory = "x", Name = name }).Name);

    [Fact]
    public void All_faults_are_named_at_once()
    {
        var refused = Assert.Throws<NodeStartException>(() => NodeSettings.From(new NodeOptions
        {
            DataDirectory = " ",
            Listen = "127.0.0.1:5555",
            Api = "nowhere",
            Peers = ["Bob=1.2.3.4:5", "bob"],
            ApiKey = "key.pem",
        }));
        Assert.Contains("data directory", refused.Message, StringComparison.Ordinal);
        Assert.Contains("nowhere", refused.Message, StringComparison.Ordinal);
        Assert.Contains("Bob", refused.Message, StringComparison.Ordinal);
        Assert.Contains("certificate and key", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("certificate.pem", false)]
    [InlineData(null, true)]
    public void What_has_no_use_without_a_client_endpoint_is_refused(string? certificate, bool open)
    {
        var refused = Assert.Throws<NodeStartException>(() => NodeSettings.From(new NodeOptions
        {
            DataDirectory = "x",
            Api = "off",
            ApiCertificate = certificate,
            ApiKey = certificate,
            ApiOpen = open,
        }));
        Assert.Equal("OPTIONS_INVALID", refused.Reason);
        Assert.Contains("off", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("certificate.pem", true)]
    public void A_client_endpoint_beyond_loopback_needs_a_certificate_and_a_token(string? certificate, bool open)
    {
        var refused = Assert.Throws<NodeStartException>(() => NodeSettings.From(new NodeOptions
        {
            DataDirectory = "x",
            Api = "0.0.0.0:6555",
            ApiCertificate = certificate,
            ApiKey = certificate,
            ApiOpen = open,
        }));
        Assert.Equal("API_NOT_PROTECTED", refused.Reason);
    }
}

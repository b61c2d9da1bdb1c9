using System.CommandLine;
using P2PGrpc.Cli;
using P2PGrpc.Cli.Run;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class RunOptionsTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("p2pgrpc-").FullName;
    private readonly Dictionary<string, string> environment = [];

    [Fact]
    public void Every_option_has_a_default()
    {
        environment["XDG_DATA_HOME"] = "/home/of/data";
        var settings = Read();
        Assert.Equal(("0.0.0.0:5555", null, "/home/of/data/p2pgrpc"), (settings.Listen, settings.Api, settings.Data));
        Assert.Empty(settings.Peers);
        Assert.False(settings.AcceptAny || settings.ApiOpen || settings.Quiet || settings.Json || settings.Verbose);
        Assert.Equal((null, null), (settings.KeepDays, settings.KeepBytes));
        Assert.NotEmpty(settings.Name);
    }

    [Fact]
    public void The_form_of_the_command_line_is_kept()
    {
        var settings = Read(
            "--name", "alice", "--listen", "127.0.0.1:5555", "--api", "127.0.0.1:6555", "--peer", "bob=127.0.0.1:5556", "--peer", "carol=h:1",
            "--data", "/d", "--api-open", "--accept", "any", "--api-cert", "c", "--api-key", "k", "--quiet", "--json", "--verbose");
        Assert.Equal(("alice", "127.0.0.1:5555", "127.0.0.1:6555", "/d"), (settings.Name, settings.Listen, settings.Api, settings.Data));
        Assert.Equal(["bob=127.0.0.1:5556", "carol=h:1"], settings.Peers);
        Assert.Equal(("c", "k"), (settings.ApiCertificate, settings.ApiKey));
        Assert.True(settings.AcceptAny && settings.ApiOpen && settings.Quiet && settings.Json && settings.Verbose);
    }

    [Theory]
    [InlineData("1048576", 1L << 20)]
    [InlineData("1M", 1L << 20)]
    [InlineData("1MiB", 1L << 20)]
    [InlineData("2g", 2L << 30)]
    [InlineData("1.5T", 3L << 39)]
    [InlineData("100B", 100L)]
    public void What_is_kept_is_read_in_days_and_bytes(string text, long bytes)
    {
        environment["P2PGRPC_CONFIG"] = WriteFile($$"""{ "keepDays": "9", "keepBytes": "{{text}}" }""");
        Assert.Equal((9, bytes), (Read().KeepDays, Read().KeepBytes));
        environment["P2PGRPC_KEEP_DAYS"] = "8";
        Assert.Equal((7, 8), (Read("--keep-days", "7").KeepDays, Read().KeepDays));
    }

    [Fact]
    public void Off_is_no_limit_and_outranks_one_that_is_given_elsewhere()
    {
        environment["P2PGRPC_KEEP_DAYS"] = "8";
        environment["P2PGRPC_KEEP_BYTES"] = "2G";
        environment["P2PGRPC_QUOTA_ROOM"] = "2GiB";
        Assert.Equal((8, 2L << 30, 2L << 30), (Read().KeepDays, Read().KeepBytes, Read().QuotaRoom));
        var settings = Read("--keep-days", "off", "--keep-bytes", "off", "--quota-room", "off");
        Assert.Equal((null, null, null), (settings.KeepDays, settings.KeepBytes, settings.QuotaRoom));
    }

    [Fact]
    public void The_command_line_outranks_the_environment_and_that_the_file()
    {
        var file = WriteFile("""{ "name": "f", "listen": "f:1", "api": "f:2", "peers": ["f=f:3"], "accept": "any", "apiOpen": true, "dialAny": true, "data": "d" /* here */ }""");
        environment["P2PGRPC_CONFIG"] = file;
        environment["P2PGRPC_LISTEN"] = "e:1";
        environment["P2PGRPC_API"] = "e:2";
        environment["P2PGRPC_API_OPEN"] = "false";
        environment["P2PGRPC_PEERS"] = "a=e:3, b=e:4";
        var settings = Read("--api", "c:2");
        Assert.Equal(("f", "e:1", "c:2"), (settings.Name, settings.Listen, settings.Api));
        Assert.Equal(["a=e:3", "b=e:4"], settings.Peers);
        Assert.True(settings.AcceptAny && settings.DialAny);
        Assert.False(settings.ApiOpen);
        Assert.Equal(Path.Combine(directory, "d"), settings.Data);
    }

    [Fact]
    public void The_web_endpoint_is_off_and_its_origins_are_a_list()
    {
        Assert.Null(Read().Web);
        Assert.Empty(Read().WebOrigins);
        environment["P2PGRPC_CONFIG"] = WriteFile("""{ "web": "f:1", "webOrigins": ["https://f.example"] }""");
        Assert.Equal(("f:1", "https://f.example"), (Read().Web, Read().WebOrigins.Single()));
        environment["P2PGRPC_WEB"] = "e:1";
        environment["P2PGRPC_WEB_ORIGINS"] = "https://a.example, https://b.example";
        Assert.Equal(["https://a.example", "https://b.example"], Read().WebOrigins);
        var settings = Read("--web", "c:1", "--web-origin", "https://c.example", "--web-origin", "https://d.example");
        Assert.Equal("c:1", settings.Web);
        Assert.Equal(["https://c.example", "https://d.example"], settings.WebOrigins);
    }

    [Fact]
    public void Quotas_are_sizes_as_people_write_them()
    {
        var byDefault = Read();
        Assert.Equal(
            (1L << 30, 10L << 30, 64L << 20, 256L << 20),
            (byDefault.QuotaAuthor, byDefault.QuotaRoom, byDefault.QuotaAuthorRate, byDefault.QuotaRoomRate));
        environment["P2PGRPC_CONFIG"] = WriteFile("""{ "quotaRoom": "off", "quotaRoomRate": "2t" }""");
        environment["P2PGRPC_QUOTA_AUTHOR_RATE"] = "1.5M";
        var settings = Read("--quota-author", "2000000");
        Assert.Equal((2_000_000L, null, 3L << 19, 2L << 40), (settings.QuotaAuthor, settings.QuotaRoom, settings.QuotaAuthorRate, settings.QuotaRoomRate));
        foreach (var wrong in new[] { "", "M", "-1", "1X", "1e9", "9999999999T", "one" })
            Assert.Contains("--quota-author is", Assert.Throws<CommandException>(() => Read("--quota-author", wrong)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\n  \"nmae\": \"x\"\n}", 2, "'nmae' is unknown; known are name, ")]
    [InlineData("{\n  \"name\": \"x\",\n  \"name\": \"y\"\n}", 3, "'name' stands here a second time")]
    [InlineData("{\n  \"name\":\n  1 }", 3, "'name' must be a string")]
    [InlineData("{ \"name\": \"C:\\data\" }", 1, "'name' must be a string: .*backslash is written twice")]
    [InlineData("{ \"name\": \"\\ud800\" }", 1, "no text: half a pair")]
    [InlineData("{ \"name\": \"no end\n}", 1, "'name' must be a string")]
    [InlineData("{\n\"name\": ", 2, "the file ends too early: 'name' must be a string")]
    [InlineData("{\n\"name\" \"x\" }", 2, "a name in double quotes and a colon")]
    [InlineData("{ \"peers\": \"bob\" }", 1, "'peers' must be a list of strings")]
    [InlineData("{ \"peers\": [\"bob=h:1\",\n 5] }", 2, "'peers' must be a list of strings")]
    [InlineData("{ \"peers\": [\"bob=h:1\"\n \"carol=h:2\"] }", 2, "'peers' must be a list of strings")]
    [InlineData("{ \"apiOpen\": \"yes\" }", 1, "'apiOpen' must be true or false")]
    [InlineData("{ // here\n  \"name\": \"x\"\n  \"data\": \"d\"\n}", 3, "a comma, a name in double quotes and a colon")]
    [InlineData("{\n  name: \"x\" }", 2, "a name in double quotes and a colon are expected")]
    [InlineData("{\n  \"name\": \"x\"\n\n", 2, "the file ends too early: a comma,")]
    [InlineData("{ }\n\n more", 3, "nothing more is expected")]
    [InlineData("{ } { }", 1, "nothing more is expected")]
    [InlineData("[]", 1, "a JSON object is expected")]
    [InlineData("", 1, "a JSON object is expected")]
    public void A_slip_in_the_file_is_told_with_its_line_and_what_was_expected(string json, int line, string words)
    {
        var path = WriteFile(json);
        var fault = Assert.Throws<CommandException>(() => Read("--config", path));
        Assert.Equal(ExitCodes.Usage, fault.ExitCode);
        Assert.Matches($"^{System.Text.RegularExpressions.Regex.Escape(path)}, line {line}: .*{words}.*\\.$", fault.Message);
    }

    [Fact]
    public void A_file_that_begins_with_a_byte_order_mark_is_read_and_one_that_is_no_UTF_8_refused()
    {
        Assert.Equal("x", Read("--config", WriteFile("\ufeff{ \"name\": \"x\" }")).Name);
        var path = WriteFile("");
        File.WriteAllBytes(path, [(byte)'{', 0xFF, (byte)'}']);
        Assert.Contains("no UTF-8", Assert.Throws<CommandException>(() => Read("--config", path)).Message);
    }

    [Fact]
    public void What_can_not_be_meant_is_refused()
    {
        Assert.Contains("/nowhere.json can't be read: there is no such file.", Assert.Throws<CommandException>(() => Read("--config", "/nowhere.json")).Message);
        Assert.Contains("empty", Assert.Throws<CommandException>(() => Read("--config", "")).Message);
        Assert.Contains("it is a directory", Assert.Throws<CommandException>(() => Read("--config", directory)).Message);
        Assert.Throws<CommandException>(() => Read("--accept", "some"));
        Assert.Throws<CommandException>(() => Read("--api-cert", "c"));
        foreach (var days in new[] { "1.5", "-1", "many", "99999999999" })
            Assert.Contains(days, Assert.Throws<CommandException>(() => Read("--keep-days", days)).Message);
        foreach (var bytes in new[] { "", "-1", "0", "M", "5X", "9999999T" })
            Assert.Contains("such as 500M", Assert.Throws<CommandException>(() => Read("--keep-bytes", bytes)).Message);
        environment["P2PGRPC_API_OPEN"] = "maybe";
        Assert.Throws<CommandException>(() => Read());
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    private string WriteFile(string json)
    {
        var path = Path.Combine(directory, "config.json");
        File.WriteAllText(path, json);
        return path;
    }

    private RunSettings Read(params string[] arguments)
    {
        var command = new Command("run");
        var options = RunOptions.AddTo(command);
        var parsed = command.Parse(arguments);
        Assert.Empty(parsed.Errors);
        return options.Read(parsed, name => environment.GetValueOrDefault(name));
    }
}

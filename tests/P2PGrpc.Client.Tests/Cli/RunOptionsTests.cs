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

    [Fact]
    public void The_command_line_outranks_the_environment_and_that_the_file()
    {
        var file = WriteFile("""{ "name": "f", "listen": "f:1", "api": "f:2", "peers": ["f=f:3"], "accept": "any", "apiOpen": true, "data": "d" /* here */ }""");
        environment["P2PGRPC_CONFIG"] = file;
        environment["P2PGRPC_LISTEN"] = "e:1";
        environment["P2PGRPC_API"] = "e:2";
        environment["P2PGRPC_API_OPEN"] = "false";
        environment["P2PGRPC_PEERS"] = "a=e:3, b=e:4";
        var settings = Read("--api", "c:2");
        Assert.Equal(("f", "e:1", "c:2"), (settings.Name, settings.Listen, settings.Api));
        Assert.Equal(["a=e:3", "b=e:4"], settings.Peers);
        Assert.True(settings.AcceptAny);
        Assert.False(settings.ApiOpen);
        Assert.Equal(Path.Combine(directory, "d"), settings.Data);
    }

    [Theory]
    [InlineData("""{ "nmae": "x" }""", "nmae")]
    [InlineData("""{ "name": 1 }""", "string")]
    [InlineData("""{ "peers": "bob" }""", "list")]
    [InlineData("""{ "apiOpen": "yes" }""", "true or false")]
    [InlineData("""[]""", "object")]
    [InlineData("""{ "name": """, "JSON")]
    public void A_slip_in_the_file_is_named(string json, string words)
    {
        var fault = Assert.Throws<CommandException>(() => Read("--config", WriteFile(json)));
        Assert.Equal(ExitCodes.Usage, fault.ExitCode);
        Assert.Contains(words, fault.Message);
    }

    [Fact]
    public void What_can_not_be_meant_is_refused()
    {
        Assert.Throws<CommandException>(() => Read("--config", "/nowhere.json"));
        Assert.Contains("empty", Assert.Throws<CommandException>(() => Read("--config", "")).Message);
        Assert.Contains("is a directory", Assert.Throws<CommandException>(() => Read("--config", directory)).Message);
        Assert.Throws<CommandException>(() => Read("--accept", "some"));
        Assert.Throws<CommandException>(() => Read("--api-cert", "c"));
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

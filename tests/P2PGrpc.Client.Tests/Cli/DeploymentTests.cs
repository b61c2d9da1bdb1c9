using System.CommandLine;
using System.Runtime.Versioning;
using System.Text.RegularExpressions;
using P2PGrpc.Cli;
using P2PGrpc.Cli.Run;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>What deploy/ tells the program: options, variables and a configuration file that it knows.</summary>
[UnsupportedOSPlatform("windows")]
public sealed partial class DeploymentTests
{
    [Fact]
    public void The_unit_the_compose_file_and_the_manifests_give_options_and_variables_that_exist()
    {
        var command = new Command("run");
        var options = RunOptions.AddTo(command);
        var known = command.Options.Select(option => option.Name).ToHashSet(StringComparer.Ordinal);
        var variables = new HashSet<string>(StringComparer.Ordinal);
        options.Read(command.Parse([]), name =>
        {
            variables.Add(name);
            return null;
        });
        var files = Directory.GetFiles(Path.Combine(Checkout.Root, "deploy"), "*", SearchOption.AllDirectories)
            .Where(path => Path.GetExtension(path) is ".yaml" or ".service").ToList();
        var given = files.SelectMany(File.ReadLines).Select(line => line.Trim()).Where(line => !line.StartsWith('#')).ToList();
        var givenOptions = given.SelectMany(line => GivenOption().Matches(line)).Select(match => match.Value).Distinct().ToList();
        var givenVariables = given.SelectMany(line => GivenVariable().Matches(line)).Select(match => match.Value).Distinct().ToList();

        Assert.Contains("--health", givenOptions);
        Assert.Contains("P2PGRPC_PEERS", givenVariables);
        Assert.Empty(givenOptions.Except(known));
        // The last one is for commands on keys.
        Assert.Empty(givenVariables.Except(variables).Except(["P2PGRPC_PASSPHRASE"]));
    }

    /// <summary>Liveness by the node as a whole, which a drained one still is; readiness by the service that it takes no messages for then.</summary>
    [Fact]
    public void The_probes_ask_at_the_health_port_and_only_readiness_for_the_service()
    {
        var manifest = File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "kubernetes", "statefulset.yaml"));
        var port = HealthOption().Match(manifest).Groups[1].Value;
        Assert.Equal("8555", port);
        Assert.Contains($"            - name: health\n              containerPort: {port}\n", manifest, StringComparison.Ordinal);
        var probes = Probe().Matches(manifest).ToDictionary(match => match.Groups[1].Value, match => (Port: match.Groups[2].Value, Service: match.Groups[3].Value));
        Assert.Equal(["liveness", "readiness", "startup"], probes.Keys.Order(StringComparer.Ordinal));
        Assert.All(probes, probe => Assert.Equal((port, probe.Key == "readiness" ? "p2pgrpc.v1.PeerService" : ""), probe.Value));
    }

    /// <summary>What the manifest for keys out of a Secret does before each start, with a file that has the mode which the kubelet gives it.</summary>
    [Fact]
    public async Task A_key_of_a_Secret_becomes_a_file_of_the_nodes_own_and_stays_it()
    {
        var manifest = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "deploy", "kubernetes", "keys", "statefulset.yaml"), TestContext.Current.CancellationToken);
        var arguments = Arguments().Match(manifest).Groups[1].Value.Split(", ");
        Assert.Equal(["key", "import", "/run/p2pgrpc-keys/$(P2PGRPC_NAME).key"], arguments);
        Assert.Contains("defaultMode: 0400\n", manifest, StringComparison.Ordinal);
        var folder = Directory.CreateTempSubdirectory("p2pgrpc-secret-").FullName;
        try
        {
            arguments[2] = Path.Combine(folder, "p2pgrpc-0.key");
            await File.WriteAllTextAsync(arguments[2], DoctorCommandTests.Key, TestContext.Current.CancellationToken);
            File.SetUnixFileMode(arguments[2], UnixFileMode.UserRead | UnixFileMode.GroupRead);
            for (var start = 0; start < 2; start++)
            {
                using var terminal = new Terminal();
                terminal.Environment["P2PGRPC_DATA"] = Path.Combine(folder, "node");
                Assert.Equal(ExitCodes.Success, await terminal.RunAsync(arguments));
                Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(folder, "node", "identity.key")));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>So that the examples can be tried side by side: for peers 5555, for clients 6555, for the web 7555, for probes 8555, for Prometheus 9464.</summary>
    [Fact]
    public void The_documents_give_each_endpoint_a_port_of_its_own()
    {
        var files = Directory.GetFiles(Path.Combine(Checkout.Root, "docs"), "*.md", SearchOption.AllDirectories)
            .Concat(Directory.GetFiles(Path.Combine(Checkout.Root, "deploy"), "*", SearchOption.AllDirectories)).Append(Path.Combine(Checkout.Root, "README.md"));
        var given = files.SelectMany(file => GivenPort().Matches(File.ReadAllText(file))).Select(match => (match.Groups[1].Value, match.Groups[2].Value)).Distinct().Order().ToList();
        Assert.Equal([("health", "8555"), ("metrics", "9464"), ("web", "7555")], given);
    }

    [Fact]
    public void The_images_are_of_this_version()
    {
        var version = Version().Match(File.ReadAllText(Path.Combine(Checkout.Root, "Directory.Build.props"))).Groups[1].Value;
        Assert.Contains($"p2pgrpc:${{VERSION:-{version}}}", File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "compose.yaml")), StringComparison.Ordinal);
        Assert.Contains($"newTag: {version}\n", File.ReadAllText(Path.Combine(Checkout.Root, "deploy", "kubernetes", "kustomization.yaml")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_services_configuration_file_is_read()
    {
        var file = ConfigurationFile.Read(Path.Combine(Checkout.Root, "deploy", "debian", "p2pgrpc.conf"));
        Assert.Equal(("/var/lib/p2pgrpc", "0.0.0.0:5555", "127.0.0.1:6555"), (file.Data, file.Listen, file.Api));
        Assert.Empty(file.Peers!);
    }

    [GeneratedRegex(@"(?<![\w-])--[a-z][a-z-]*")]
    private static partial Regex GivenOption();

    [GeneratedRegex(@"--health\s+(?:- )?0\.0\.0\.0:(\d+)")]
    private static partial Regex HealthOption();

    [GeneratedRegex(@"args: \[(.+)\]")]
    private static partial Regex Arguments();

    [GeneratedRegex(@"(\w+)Probe:\n            grpc:\n              port: (\d+)\n(?:              service: (\S+)\n)?            periodSeconds:")]
    private static partial Regex Probe();

    [GeneratedRegex(@"--(web|health|metrics) (?:[0-9.]+:)?(\d{4})\b")]
    private static partial Regex GivenPort();

    [GeneratedRegex(@"\bP2PGRPC_[A-Z_]+\b")]
    private static partial Regex GivenVariable();

    [GeneratedRegex(@"<Version>(.+)</Version>")]
    private static partial Regex Version();
}

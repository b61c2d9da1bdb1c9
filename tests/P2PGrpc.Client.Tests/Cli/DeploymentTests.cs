using System.CommandLine;
using System.Text.RegularExpressions;
using P2PGrpc.Cli.Run;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

/// <summary>What deploy/ tells the program: options, variables and a configuration file that it knows.</summary>
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
        Assert.Empty(givenVariables.Except(variables));
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

    [GeneratedRegex(@"\bP2PGRPC_[A-Z_]+\b")]
    private static partial Regex GivenVariable();

    [GeneratedRegex(@"<Version>(.+)</Version>")]
    private static partial Regex Version();
}

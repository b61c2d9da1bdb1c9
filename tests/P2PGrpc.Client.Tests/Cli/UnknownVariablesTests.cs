using System.Text.RegularExpressions;
using P2PGrpc.Cli.Run;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class UnknownVariablesTests
{
    [Fact]
    public void A_slip_in_a_name_is_told_with_what_was_meant()
    {
        Assert.Empty(UnknownVariables.Describe(["PATH", "P2PGRPC_PEERS", "OTEL_SERVICE_NAME"]));
        Assert.Equal(
            ["The variable P2PGRPC_PEER is no option, and has no effect. Did you mean P2PGRPC_PEERS?", "The variable P2PGRPC_ZEBRAS is no option, and has no effect."],
            UnknownVariables.Describe(["P2PGRPC_ZEBRAS", "P2PGRPC_PEER"]));
    }

    [Fact]
    public void What_Kubernetes_makes_of_the_names_of_services_is_no_slip()
    {
        string[] made = ["P2PGRPC_SERVICE_HOST", "P2PGRPC_SERVICE_PORT_PEERS", "P2PGRPC_PORT", "P2PGRPC_PORT_5555_TCP_ADDR", "P2PGRPC_HEADLESS_SERVICE_PORT"];
        Assert.Empty(UnknownVariables.Describe([.. made, "KUBERNETES_SERVICE_HOST"]));
        Assert.Equal(made.Length, UnknownVariables.Describe(made).Count());
        Assert.Single(UnknownVariables.Describe(["P2PGRPC_PEER", "KUBERNETES_SERVICE_HOST"]));
    }

    [Fact]
    public void All_that_the_program_asks_for_are_known_and_no_others()
    {
        var asked = Directory.EnumerateFiles(Path.Combine(Checkout.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Where(file => Path.GetFileName(file) != "UnknownVariables.cs")
            .SelectMany(file => Regex.Matches(File.ReadAllText(file), "\"(P2PGRPC_[A-Z_]+)\"").Select(match => match.Groups[1].Value));
        Assert.Equal(asked.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal), UnknownVariables.Known.Order(StringComparer.Ordinal));
    }
}

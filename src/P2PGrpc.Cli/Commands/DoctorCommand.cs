using System.CommandLine;
using System.Net;
using Grpc.Core;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Cli.Run;
using P2PGrpc.Client;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary><c>p2pgrpc doctor</c>: looks for what is wrong with a node that runs, or would be with one that does not, and says what to do.</summary>
internal sealed class DoctorCommand(Surroundings surroundings)
{
    private const int LongestText = 600;

    private readonly Option<string?> listen = new("--listen") { Description = $"Where a node that does not run shall listen [default: as it is configured, else {RunOptions.DefaultListen}]", HelpName = "IP:PORT" };
    private readonly Option<bool> json = JsonOption.Create();

    public static Command Create(Surroundings surroundings)
    {
        var doctor = new DoctorCommand(surroundings);
        var command = new Command("doctor", "Looks for what is wrong: clock, disk, files, ports, database, each peer. Says what to do.") { doctor.listen, doctor.json };
        var node = NodeSelection.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Failures.GuardAsync(
            surroundings, () => doctor.RunAsync(parsed, node, cancellationToken), cancellationToken));
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, NodeSelection node, CancellationToken cancellationToken)
    {
        var findings = await FindAsync(parsed, node, cancellationToken);
        foreach (var finding in findings)
            if (parsed.GetValue(json))
                surroundings.Write(UpkeepLines.Finding(finding));
            else
                surroundings.Write(Line(finding));
        var errors = findings.Count(finding => finding.Severity == Severity.Error);
        var warnings = findings.Count(finding => finding.Severity == Severity.Warning);
        if (!parsed.GetValue(json))
            surroundings.Write(errors + warnings == 0 ? "Nothing is wrong." : $"{errors} {(errors == 1 ? "error" : "errors")}, {warnings} {(warnings == 1 ? "warning" : "warnings")}.");
        return errors == 0 ? ExitCodes.Success : ExitCodes.Failure;
    }

    private async Task<IReadOnlyList<Finding>> FindAsync(ParseResult parsed, NodeSelection node, CancellationToken cancellationToken)
    {
        await using var client = node.Open(parsed, surroundings);
        try
        {
            await LocalWork.GreetAsync(client, surroundings, cancellationToken);
            var answer = await client.Node.DiagnoseAsync(new DiagnoseRequest(), deadline: surroundings.Deadline(), cancellationToken: cancellationToken);
            return [new Finding { Check = "node", Severity = Severity.Ok, Detail = "It runs, and answers." }, .. answer.Findings];
        }
        // One that does not answer in time is looked at from outside, as far as its files show something.
        catch (RpcException fault) when (node.FindDirectory(parsed, surroundings) is { } data && IsToBeLookedAt(data, fault))
        {
            return await FindStoppedAsync(parsed, node, data, cancellationToken);
        }
    }

    /// <summary>Where its token can't be read, the files of a node that does not run say why.</summary>
    private static bool IsToBeLookedAt(string data, RpcException fault) =>
        LocalWork.MeansNobody(fault) || (P2PGrpcException.From(fault).Reason == P2PGrpcException.TokenUnreadable && !NodeFiles.IsInUse(data));

    private async Task<IReadOnlyList<Finding>> FindStoppedAsync(ParseResult parsed, NodeSelection node, string data, CancellationToken cancellationToken)
    {
        var settings = ReadSettings(parsed, node, data);
        var running = NodeFiles.IsInUse(data);
        Finding state = running
            ? new()
            {
                Check = "node",
                Severity = Severity.Error,
                Detail = "Its process holds the data directory and does not answer: what follows is what its files show.",
                Advice = "It may be starting or stopping, or hang. If that lasts, look into its log; end it, and start it again.",
            }
            : new() { Check = "node", Severity = Severity.Warning, Detail = "It does not run: this is how a start would find things.", Advice = $"Start it: p2pgrpc run --data {ShellWord.Quote(data)}" };
        try
        {
            var ports = running ? [] : ListPorts(NodeSettings.From(ToOptions(settings)), settings.Metrics);
            return [state, .. await NodeDiagnosis.RunAsync(data, ports, settings.Peers, surroundings.Time, cancellationToken)];
        }
        catch (NodeStartException wrong)
        {
            var options = new Finding { Check = "options", Severity = Severity.Error, Detail = wrong.Message, Advice = "The ports are looked at once that is right." };
            return [state, options, .. await NodeDiagnosis.RunAsync(data, [], [], surroundings.Time, cancellationToken)];
        }
    }

    /// <summary>What a start would be told: by this command line as far as it has the option, the environment and the configuration file.</summary>
    private RunSettings ReadSettings(ParseResult parsed, NodeSelection node, string data)
    {
        if (parsed.GetValue(listen) is { } given && !ListenAddress.TryParse(given, out _))
            throw CommandException.Usage($"--listen is '{given}': give IP:PORT, such as {RunOptions.DefaultListen}.");
        var run = new Command("run");
        var options = RunOptions.AddTo(run);
        List<string> arguments = ["--data", data];
        if (node.FindConfiguration(parsed) is { } file)
            arguments.AddRange(["--config", file]);
        if (parsed.GetValue(listen) is { } place)
            arguments.AddRange([listen.Name, place]);
        return options.Read(run.Parse(arguments), surroundings.Environment);
    }

    private static NodeOptions ToOptions(RunSettings settings)
    {
        var options = new NodeOptions();
        new ConfigurationReload(() => settings, () => { }, metricsAddress: null).Apply(options, settings);
        return options;
    }

    private static List<KeyValuePair<string, IPEndPoint>> ListPorts(NodeSettings node, IPEndPoint? metrics)
    {
        (string Option, IPEndPoint? Place)[] ports = [("listen", node.Listen), ("api", node.Api), ("web", node.Web), ("health", node.Health), ("metrics", metrics)];
        return [.. ports.Where(port => port.Place is not null).Select(port => KeyValuePair.Create(port.Option, port.Place!))];
    }

    private static StyledLine Line(Finding finding)
    {
        var (word, style) = finding.Severity switch
        {
            Severity.Ok => ("ok", StyledLine.Own),
            Severity.Warning => ("warning", StyledLine.Alarm),
            _ => ("ERROR", StyledLine.Alarm),
        };
        var advice = finding.Advice.Length > 0 ? $" → {finding.Advice}" : "";
        return new StyledLine().Add(word.PadRight(9), style).Add(DisplayText.Clean(finding.Check, 40).PadRight(13), StyledLine.Dim)
            .Add(DisplayText.Clean(finding.Detail + advice, LongestText));
    }
}

using Microsoft.Extensions.Logging;
using P2PGrpc.Cli.Commands;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Hosting;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Upkeep;

namespace P2PGrpc.Cli.Run;

/// <summary>Gives a node its options, at the start and each time that it is to read them anew. Thread-safe.</summary>
/// <param name="read">Reads what the program was told; the command line and the environment stay as they were, the file may have changed.</param>
/// <param name="stop">Ends the program in order.</param>
/// <param name="metricsAddress">The URL of the metrics; null if they are not served.</param>
internal sealed class ConfigurationReload(Func<RunSettings> read, Action stop, string? metricsAddress)
{
    /// <summary>Sets all options to what was told.</summary>
    public void Apply(NodeOptions options, RunSettings settings)
    {
        options.Name = settings.Name;
        options.DataDirectory = settings.Data;
        options.Listen = settings.Listen;
        options.Advertise = settings.Advertise;
        options.Api = settings.Api;
        options.ApiOpen = settings.ApiOpen;
        options.Health = settings.Health;
        options.Web = settings.Web;
        options.WebOrigins = [.. settings.WebOrigins];
        options.ApiCertificate = settings.ApiCertificate;
        options.ApiKey = settings.ApiKey;
        options.Discover = settings.Discover;
        options.KeepDays = settings.KeepDays;
        options.KeepBytes = settings.KeepBytes;
        options.Accept = settings.AcceptAny ? AdmissionPolicy.Any : AdmissionPolicy.Known;
        options.DialAny = settings.DialAny;
        options.QuotaAuthor = settings.QuotaAuthor;
        options.QuotaRoom = settings.QuotaRoom;
        options.QuotaAuthorRate = settings.QuotaAuthorRate;
        options.QuotaRoomRate = settings.QuotaRoomRate;
        foreach (var peer in settings.Peers)
            options.Peers.Add(peer);
        options.ProgramSettings["metrics"] = settings.Metrics?.ToString() ?? "off";
        options.ProgramSettings["log"] = settings.LogsJson ? "json" : "text";
        if (metricsAddress is not null)
            options.ProgramEndpoints["metrics"] = metricsAddress;
        options.Reread = Reread;
        options.StopProgram = stop;
    }

    /// <summary>Has the node take up what stands in the file now, and says on standard error what came of it. Nothing that is wrong ends the node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="surroundings">For lines to people.</param>
    /// <param name="log">Where they are said instead; null where standard error is for people.</param>
    /// <param name="cancellationToken">The node stops.</param>
    public async Task RunAsync(INode node, Surroundings surroundings, ILogger? log, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var line in ReloadCommand.Describe(await node.ReloadAsync(Reread(), cancellationToken)))
                if (log is null)
                    Failures.Report(surroundings, $"reload: {line}", ExitCodes.Success);
                else
                    ProgramLog.Reloaded(log, line);
        }
        catch (Exception wrong) when (wrong is UpkeepException or NodeRequestException)
        {
            var reason = $"{(wrong is UpkeepException ? "Nothing was changed. " : "")}{wrong.Message}";
            if (log is null)
                Failures.Report(surroundings, $"reload: {reason}", ExitCodes.Failure);
            else
                ProgramLog.NotReloaded(log, reason);
        }
        catch (Exception over) when (over is OperationCanceledException or InvalidOperationException)
        {
            // The node stops.
        }
    }

    private NodeOptions Reread()
    {
        try
        {
            var settings = read();
            if (settings.Config is null)
                throw new UpkeepException(
                    "RELOAD_NOT_HERE", "This node was started without a configuration file, so there is nothing to read anew. Start it with --config FILE, or with other options.");
            var options = new NodeOptions();
            Apply(options, settings);
            return options;
        }
        catch (CommandException wrong)
        {
            throw new UpkeepException("OPTIONS_INVALID", wrong.Message, wrong);
        }
    }
}

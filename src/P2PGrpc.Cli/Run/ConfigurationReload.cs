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
    public async Task RunAsync(INode node, Surroundings surroundings, CancellationToken cancellationToken)
    {
        try
        {
            foreach (var line in ReloadCommand.Describe(await node.ReloadAsync(Reread(), cancellationToken)))
                Failures.Report(surroundings, $"reload: {line}", ExitCodes.Success);
        }
        catch (Exception wrong) when (wrong is UpkeepException or NodeRequestException)
        {
            Failures.Report(surroundings, $"reload: {(wrong is UpkeepException ? "Nothing was changed. " : "")}{wrong.Message}", ExitCodes.Failure);
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
            var options = new NodeOptions();
            Apply(options, read());
            return options;
        }
        catch (CommandException wrong)
        {
            throw new UpkeepException("OPTIONS_INVALID", wrong.Message, wrong);
        }
    }
}

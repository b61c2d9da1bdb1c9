using System.CommandLine;
using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary>The options by which a command finds its node: a data directory, or an address with a token file.</summary>
internal sealed class NodeSelection
{
    // A person waits: a node that is just restarting is worth half a second, an absent one no more.
    private static readonly TimeSpan RetryFor = TimeSpan.FromMilliseconds(500);

    private readonly DataOption data;

    private readonly Option<string?> api = new("--api")
    {
        Description = "The node's client endpoint instead: HOST:PORT, or https://HOST:PORT",
        HelpName = "HOST:PORT",
    };

    private readonly Option<string?> tokenFile = new("--token-file")
    {
        Description = "The file with the node's token, for --api (api.token in its data directory)",
        HelpName = "FILE",
    };

    private readonly Option<string?> certificate = new("--api-cert")
    {
        Description = "The PEM file with the certificate that an https endpoint must show",
        HelpName = "FILE",
    };

    private NodeSelection(DataOption data) => this.data = data;

    /// <summary>Gives a command these options.</summary>
    public static NodeSelection AddTo(Command command)
    {
        var selection = new NodeSelection(DataOption.AddTo(command));
        command.Add(selection.api);
        command.Add(selection.tokenFile);
        command.Add(selection.certificate);
        return selection;
    }

    /// <summary>The client of the node that the command line names.</summary>
    /// <exception cref="CommandException">The options contradict each other.</exception>
    public P2PGrpcClient Open(ParseResult parsed, Surroundings surroundings)
    {
        foreach (var option in new[] { api, tokenFile, certificate })
        {
            if (parsed.GetValue(option) is { Length: 0 })
                throw CommandException.Usage($"{option.Name} is empty: give a value, or leave it out.");
        }
        var address = parsed.GetValue(api);
        if (address is not null && data.FindGiven(parsed) is { } other)
            throw CommandException.Usage($"{other.Name} and --api both name a node: give one of them.");
        if (address is null && (parsed.GetValue(tokenFile) ?? parsed.GetValue(certificate)) is not null)
            throw CommandException.Usage("--token-file and --api-cert go with --api; a data directory needs neither.");
        if (parsed.GetValue(certificate) is not null && NodeAddress.TryParse(address!, out var uri) && uri.Scheme != Uri.UriSchemeHttps)
            throw CommandException.Usage("--api-cert goes with TLS: write the address as --api https://HOST:PORT, or leave the certificate out.");
        var options = new P2PGrpcClientOptions
        {
            DataDirectory = FindDirectory(parsed, surroundings),
            Address = address,
            TokenFile = parsed.GetValue(tokenFile),
            ServerCertificateFile = parsed.GetValue(certificate),
            RetryFor = RetryFor,
        };
        try
        {
            return new P2PGrpcClient(options, surroundings.Time);
        }
        catch (ArgumentException fault)
        {
            // The parameter's name that the framework appends means nothing on a command line. What lies beneath is a file that can't be read.
            throw new CommandException(
                fault.InnerException is null ? ExitCodes.Usage : ExitCodes.Failure, fault.Message.Split(" (Parameter", 2)[0]);
        }
    }

    /// <summary>The data directory that the command line, the environment or the configuration file names; null where an address is given instead.</summary>
    /// <exception cref="CommandException">The configuration file can't be read or not be understood.</exception>
    public string? FindDirectory(ParseResult parsed, Surroundings surroundings) => parsed.GetValue(api) is not null ? null : data.Find(parsed, surroundings);

    /// <inheritdoc cref="DataOption.FindConfiguration"/>
    public string? FindConfiguration(ParseResult parsed) => data.FindConfiguration(parsed);

    /// <summary>The options as to be typed again, with a space before them.</summary>
    public string Repeat(ParseResult parsed)
    {
        var text = "";
        foreach (var option in data.Options.Append(api).Append(tokenFile).Append(certificate))
        {
            if (parsed.GetValue(option) is { } value)
                text += $" {option.Name} {ShellWord.Quote(value)}";
        }
        return text;
    }
}

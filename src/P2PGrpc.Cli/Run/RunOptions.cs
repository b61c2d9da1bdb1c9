using System.CommandLine;
using System.Globalization;
using System.Net;
using P2PGrpc.Cli.Commands;
using P2PGrpc.Client;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Cli.Run;

/// <summary>The options of 'run', and how they are found: command line, environment, configuration file, default, in this order.</summary>
internal sealed class RunOptions
{
    public const string DefaultListen = "0.0.0.0:5555";

    /// <summary>Between the values of one variable; line ends, since YAML folds lists of many lines into them.</summary>
    private static readonly char[] Separators = [',', ' ', ';', '\t', '\r', '\n'];


    private readonly Option<string?> name = Create("--name", "NAME", "The name that this node suggests for itself [default: the machine's]");
    private readonly Option<string?> listen = Create("--listen", "IP:PORT", $"Where this node listens for others [default: {DefaultListen}]");

    private readonly Option<string?> advertise = Create(
        "--advertise", "HOST:PORT", "What others shall dial, as shown in this node's address [default: the listening address, or the machine's name]");

    private readonly Option<string?> api = Create(
        "--api", "IP:PORT", "The client endpoint, or off [default: 127.0.0.1, at the listening port + 1000]");

    private readonly Option<string?> web = Create(
        "--web", "IP:PORT", "Serve JSON over HTTP and gRPC-Web there, with the token; beyond loopback with --api-cert [default: off]");

    private readonly Option<string[]> webOrigins = new("--web-origin")
    {
        Description = "An origin whose pages may call --web with the token, such as https://app.example; may be repeated [default: none]",
        HelpName = "ORIGIN",
    };

    private readonly Option<string[]> peers = new("--peer")
    {
        Description = "A peer: [alias=][id@]host:port, or srv:_p2pgrpc._tcp.DOMAIN in place of host:port; may be repeated",
        HelpName = "PEER",
    };

    private readonly Option<string?> data = Create("--data", "DIR", "The data directory [default: ~/.local/share/p2pgrpc]");
    private readonly Option<bool> apiOpen = new("--api-open") { Description = "No token at the client endpoint (loopback only, for demos)" };
    private readonly Option<string?> accept = Create("--accept", "known|any", "Who may come in: known peers, or anybody [default: known]");
    private readonly Option<string?> discover = Create(
        "--discover", "lan|off", "Announce this node on the local network and find known peers there; lan=GROUP:PORT for another multicast group [default: off]");

    private readonly Option<bool> dialAny = new("--dial-any") { Description = "Addresses that others name may lead anywhere, also to this machine itself" };

    private readonly Option<string?> keepDays = Create("--keep-days", "DAYS", "Erase messages that are older; days in which the node ran, or off [default: off]");
    private readonly Option<string?> keepBytes = Create("--keep-bytes", "SIZE", "Erase the oldest messages beyond so many bytes, or off [default: off]");
    private readonly Option<string?> config = Create("--config", "FILE", "A JSON file with further options");
    private readonly Option<string?> apiCertificate = Create("--api-cert", "FILE", "The TLS certificate of the client endpoint and of --web, PEM");
    private readonly Option<string?> apiKey = Create("--api-key", "FILE", "The private key of that certificate, PEM, not encrypted");

    private readonly Option<string?> health = Create(
        "--health", "IP:PORT", "Where gRPC's health service alone is told, without a token, for probes [default: off]");

    private readonly Option<string?> quotaAuthor = Create(
        "--quota-author", "SIZE", "What is held of one other member of a room, or of one peer that --accept any let in, or off [default: 1G]");

    private readonly Option<string?> quotaRoom = Create(
        "--quota-room", "SIZE", "What is held of all others in a room, or of all such peers together, or off [default: 10G]");

    private readonly Option<string?> quotaAuthorRate = Create(
        "--quota-author-rate", "SIZE", "What is taken in a minute where --quota-author holds; what comes faster is taken later; or off [default: 64M]");

    private readonly Option<string?> quotaRoomRate = Create(
        "--quota-room-rate", "SIZE", "What is taken in a minute where --quota-room holds, or off [default: 256M]");

    private readonly Option<string?> metrics = Create(
        "--metrics", "IP:PORT", "Serve metrics for Prometheus there, at /metrics and without a token; a port alone is on loopback [default: off]");

    private readonly Option<string?> log = Create("--log", "text|json", "The form of the node's log on standard error [default: text]");
    private readonly Option<bool> quiet = new("--quiet") { Description = "Show the address only, no messages and events" };
    private readonly Option<bool> json = new("--json") { Description = "Write JSON, one object a line" };
    private readonly Option<bool> verbose = new("--verbose") { Description = "Write the node's log to standard error" };

    public static RunOptions AddTo(Command command)
    {
        var options = new RunOptions();
        foreach (var option in new Option[]
        {
            options.name, options.listen, options.advertise, options.api, options.web, options.webOrigins, options.peers, options.data, options.apiOpen, options.accept, options.discover, options.dialAny,
            options.keepDays, options.keepBytes, options.quotaAuthor, options.quotaRoom, options.quotaAuthorRate, options.quotaRoomRate, options.config,
            options.apiCertificate, options.apiKey, options.health, options.metrics, options.log, options.quiet, options.json, options.verbose,
        })
            command.Add(option);
        return options;
    }

    /// <exception cref="CommandException">Something that was given can't be understood.</exception>
    public RunSettings Read(ParseResult parsed, Func<string, string?> environment)
    {
        var path = parsed.GetValue(config) ?? Variable(environment, "P2PGRPC_CONFIG");
        var file = path is null ? new ConfigurationFile() : ConfigurationFile.Read(path);
        string? Find(Option<string?> option, string variable, string? fromFile) =>
            parsed.GetValue(option) ?? Variable(environment, variable) ?? fromFile;
        IReadOnlyList<string> FindList(Option<string[]> option, string variable, IReadOnlyList<string>? fromFile) =>
            parsed.GetValue(option) is { Length: > 0 } given ? given
                : Variable(environment, variable)?.Split(Separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) ?? fromFile ?? [];
        long? FindSize(Option<string?> option, string variable, string? fromFile, string byDefault)
        {
            var text = Find(option, variable, fromFile) ?? byDefault;
            return ByteCounts.TryParse(text, out long? bytes) ? bytes : throw CommandException.Usage($"{option.Name} is '{text}': write {ByteCounts.Form}, or {ByteCounts.None}.");
        }

        var settings = new RunSettings
        {
            Name = Find(name, "P2PGRPC_NAME", file.Name) ?? Environment.MachineName.ToLowerInvariant(),
            Listen = Find(listen, "P2PGRPC_LISTEN", file.Listen) ?? DefaultListen,
            Advertise = Find(advertise, "P2PGRPC_ADVERTISE", file.Advertise),
            Api = Find(api, "P2PGRPC_API", file.Api),
            Web = Find(web, "P2PGRPC_WEB", file.Web),
            WebOrigins = FindList(webOrigins, "P2PGRPC_WEB_ORIGINS", file.WebOrigins),
            Data = Find(data, "P2PGRPC_DATA", file.Data) ?? NodeDirectory.FindDefault(environment),
            ApiCertificate = Find(apiCertificate, "P2PGRPC_API_CERT", file.ApiCertificate),
            ApiKey = Find(apiKey, "P2PGRPC_API_KEY", file.ApiKey),
            Health = Find(health, "P2PGRPC_HEALTH", file.Health),
            ApiOpen = parsed.GetValue(apiOpen) || (ReadTruth(environment, "P2PGRPC_API_OPEN") ?? file.ApiOpen ?? false),
            AcceptAny = Find(accept, "P2PGRPC_ACCEPT", file.Accept) switch
            {
                null or "known" => false,
                "any" => true,
                var other => throw CommandException.Usage($"accept is '{other}': write known or any."),
            },
            Discover = Find(discover, "P2PGRPC_DISCOVER", file.Discover),
            DialAny = parsed.GetValue(dialAny) || (ReadTruth(environment, "P2PGRPC_DIAL_ANY") ?? file.DialAny ?? false),
            KeepDays = ReadDays(Find(keepDays, "P2PGRPC_KEEP_DAYS", file.KeepDays)),
            KeepBytes = ReadBytes(Find(keepBytes, "P2PGRPC_KEEP_BYTES", file.KeepBytes)),
            Peers = FindList(peers, "P2PGRPC_PEERS", file.Peers),
            QuotaAuthor = FindSize(quotaAuthor, "P2PGRPC_QUOTA_AUTHOR", file.QuotaAuthor, "1G"),
            QuotaRoom = FindSize(quotaRoom, "P2PGRPC_QUOTA_ROOM", file.QuotaRoom, "10G"),
            QuotaAuthorRate = FindSize(quotaAuthorRate, "P2PGRPC_QUOTA_AUTHOR_RATE", file.QuotaAuthorRate, "64M"),
            QuotaRoomRate = FindSize(quotaRoomRate, "P2PGRPC_QUOTA_ROOM_RATE", file.QuotaRoomRate, "256M"),
            Metrics = ReadEndPoint(Find(metrics, "P2PGRPC_METRICS", file.Metrics)),
            LogsJson = IsJson(Find(log, "P2PGRPC_LOG", file.Log)),
            Config = path,
            Quiet = parsed.GetValue(quiet),
            Json = parsed.GetValue(json),
            Verbose = parsed.GetValue(verbose),
        };
        Check(settings);
        return settings;
    }

    private static void Check(RunSettings settings)
    {
        if (settings.Name.Length == 0)
            throw CommandException.Usage("--name is empty: give a name, or leave it out.");
        if (settings.ApiCertificate is null != settings.ApiKey is null)
            throw CommandException.Usage("--api-cert and --api-key go together: give both or neither.");
    }

    private static int? ReadDays(string? text) => text switch
    {
        null => null,
        ByteCounts.None => null,
        _ when int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var days) => days,
        _ => throw CommandException.Usage($"--keep-days is '{text}': write a whole number of days, or {ByteCounts.None}."),
    };

    private static long? ReadBytes(string? text) => text switch
    {
        null => null,
        _ when ByteCounts.TryParse(text, out long? bytes) && bytes is not 0 => bytes,
        _ => throw CommandException.Usage($"--keep-bytes is '{text}': write {ByteCounts.Form}, or {ByteCounts.None}."),
    };

    private static bool IsJson(string? form) => form switch
    {
        null or "text" => false,
        "json" => true,
        _ => throw CommandException.Usage($"log is '{form}': write text or json."),
    };

    private static IPEndPoint? ReadEndPoint(string? text) => text switch
    {
        null or "off" => null,
        _ when ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) => new IPEndPoint(IPAddress.Loopback, port),
        _ when ListenAddress.TryParse(text, out var place) => place,
        _ => throw CommandException.Usage($"metrics is '{text}': write IP:PORT such as 127.0.0.1:9464, a port alone for loopback, or off."),
    };

    private static bool? ReadTruth(Func<string, string?> environment, string variable) => Variable(environment, variable) switch
    {
        null => null,
        "1" or "true" or "yes" => true,
        "0" or "false" or "no" => false,
        var other => throw CommandException.Usage($"{variable} is '{other}': write true or false."),
    };

    // An empty variable counts as not set, as shells make them easily.
    private static string? Variable(Func<string, string?> environment, string name) => environment(name) is { Length: > 0 } value ? value : null;

    private static Option<string?> Create(string name, string value, string description) => new(name) { Description = description, HelpName = value };
}

using System.Net;
using System.Text;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Discovery;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Hosting;

/// <summary>The options of a node, checked and taken apart. Immutable.</summary>
internal sealed record NodeSettings(
    string Name, string DataDirectory, IPEndPoint Listen, PeerAddress? Advertise, IPEndPoint? Api, bool ApiOpen, string? ApiCertificate,
    string? ApiKey, IReadOnlyList<PeerSpecification> Peers, AdmissionPolicy Accept, LanGroup? Discover, DialPolicy DialPolicy, int? KeepDays, long? KeepBytes)
{
    /// <summary>The client endpoint is this far above the listening port unless said otherwise.</summary>
    public const int ApiPortOffset = 1000;

    private const int NameLength = 64;

    /// <summary>The least quota: several of the largest segments, so that whoever is held to it still gets somewhere.</summary>
    private const long LeastQuota = 1L << 20;

    /// <summary>Where the web endpoint listens; null for none.</summary>
    public IPEndPoint? Web { get; init; }

    /// <summary>The origins whose pages may call it.</summary>
    public IReadOnlyList<string> WebOrigins { get; init; } = [];

    /// <summary>Reads the options anew; null where there is nothing to read.</summary>
    public Func<NodeOptions>? Reread { get; init; }

    /// <summary>Ends the program; null where it does not allow that.</summary>
    public Action? StopProgram { get; init; }

    /// <summary>The limits of replication, the owner's quotas among them.</summary>
    public ReplicatorLimits Replication { get; init; } = new();

    /// <summary>Where health alone is told; null for nowhere.</summary>
    public IPEndPoint? Health { get; init; }

    /// <summary>What the program around the node takes up only when it starts.</summary>
    public IReadOnlyDictionary<string, string> ProgramSettings { get; init; } = new Dictionary<string, string>();

    /// <summary>What it serves besides.</summary>
    public IReadOnlyDictionary<string, string> ProgramEndpoints { get; init; } = new Dictionary<string, string>();

    /// <summary>What carries the bytes between nodes.</summary>
    public PeerTransport Transport { get; init; } = PeerTransport.Tcp;

    /// <summary>Checks the options and names all that is wrong at once.</summary>
    /// <exception cref="NodeStartException">OPTIONS_INVALID or API_NOT_PROTECTED.</exception>
    public static NodeSettings From(NodeOptions options)
    {
        var faults = new List<string>();
        if (Encoding.UTF8.GetByteCount(options.Name) > NameLength)
            faults.Add($"The name has at most {NameLength} bytes.");
        // The rule by which the names of others are cleaned: what they would see escaped is a slip here.
        else if (DisplayText.Clean(options.Name, NameLength) is var shown && shown != options.Name)
            faults.Add($"The name '{shown}' holds control characters or others that can't be seen: leave them out.");
        if (string.IsNullOrWhiteSpace(options.DataDirectory))
            faults.Add("The data directory is missing.");
        if (!ListenAddress.TryParse(options.Listen, out var listen))
            faults.Add($"'{options.Listen}' is no address to listen on: give IP:PORT, such as 0.0.0.0:5555 or 127.0.0.1:5555.");
        var advertise = ParseAdvertised(options.Advertise, faults);
        var api = listen is null ? null : ParseApi(options.Api, listen, faults);
        if (api is not null && api.Port != 0 && api.Equals(listen))
            faults.Add($"The client endpoint and the address to listen on are the same, {api}: give each a port of its own.");
        var web = WebSettings.ReadAddress(options, [listen, api], faults);
        var origins = WebSettings.ReadOrigins(options, faults);
        if (options.Api == "off" && ((!string.IsNullOrEmpty(options.ApiCertificate) && web is null) || options.ApiOpen))
            faults.Add("The client endpoint is off, so a certificate (--api-cert, --api-key) or --api-open has no use: leave it out, or give an address by --api.");
        if (string.IsNullOrEmpty(options.ApiCertificate) != string.IsNullOrEmpty(options.ApiKey))
            faults.Add("The client endpoint's certificate and key go together: give both files or none.");
        var discover = LanGroup.Parse(options.Discover, out var noDiscovery);
        if (noDiscovery.Length > 0)
            faults.Add(noDiscovery);
        var health = ParseHealth(options.Health, [listen, api, web], faults);
        var peers = ParsePeers(options.Peers, faults);
        var replication = ReadQuotas(options, faults);
        if (options.KeepDays is < 1 or > RetentionLimits.MaximumDays)
            faults.Add($"Messages can be kept for 1 to {RetentionLimits.MaximumDays} days, not for {options.KeepDays}.");
        if (options.KeepBytes is < RetentionLimits.MinimumBytes)
            faults.Add($"At least 1 MiB of messages is kept, not {options.KeepBytes} bytes.");
        if (faults.Count > 0)
            throw new NodeStartException("OPTIONS_INVALID", string.Join(' ', faults));
        CheckProtection(options, api);
        WebSettings.CheckProtection(options, web);
        return new NodeSettings(
            options.Name, Path.GetFullPath(options.DataDirectory), listen!, advertise, api, options.ApiOpen, options.ApiCertificate, options.ApiKey,
            peers, options.Accept, discover, DialPolicy.ForLearnt(listen!.Address, options.DialAny), options.KeepDays, options.KeepBytes)
        {
            Web = web,
            WebOrigins = origins,
            Replication = replication,
            Health = health,
            ProgramSettings = new Dictionary<string, string>(options.ProgramSettings),
            ProgramEndpoints = new Dictionary<string, string>(options.ProgramEndpoints),
            Reread = options.Reread,
            StopProgram = options.StopProgram,
        };
    }

    private static PeerAddress? ParseAdvertised(string? text, List<string> faults)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        if (PeerAddress.TryParse(text, out var parsed) && !parsed.IsService)
            return parsed;
        faults.Add($"'{text}' is no host:port to advertise.");
        return null;
    }

    private static IPEndPoint? ParseHealth(string? text, IEnumerable<IPEndPoint?> others, List<string> faults)
    {
        if (string.IsNullOrEmpty(text) || text == "off")
            return null;
        if (!ListenAddress.TryParse(text, out var health))
            faults.Add($"'{text}' is no address for probes of the node's health: give IP:PORT, such as 0.0.0.0:8555, or off.");
        else if (health.Port != 0 && others.Any(health.Equals))
            faults.Add($"The health port has the address of another endpoint of this node, {health}: give each a port of its own.");
        return health;
    }

    private static List<PeerSpecification> ParsePeers(IEnumerable<string> texts, List<string> faults)
    {
        var peers = new List<PeerSpecification>();
        foreach (var peer in texts)
            if (PeerSpecification.Parse(peer, out var fault) is { } specification)
                peers.Add(specification);
            else
                faults.Add(fault);
        return peers;
    }

    private static ReplicatorLimits ReadQuotas(NodeOptions options, List<string> faults)
    {
        long?[] quotas = [options.QuotaAuthor, options.QuotaRoom, options.QuotaAuthorRate, options.QuotaRoomRate];
        if (quotas.Any(quota => quota < LeastQuota))
            faults.Add($"A quota is at least {LeastQuota} bytes, or none at all.");
        return new ReplicatorLimits { AuthorBytes = quotas[0], AllBytes = quotas[1], AuthorRate = quotas[2], AllRate = quotas[3] };
    }

    private static IPEndPoint? ParseApi(string? text, IPEndPoint listen, List<string> faults)
    {
        if (text == "off")
            return null;
        if (string.IsNullOrEmpty(text))
        {
            if (listen.Port + ApiPortOffset <= IPEndPoint.MaxPort)
                return new IPEndPoint(IPAddress.Loopback, listen.Port == 0 ? 0 : listen.Port + ApiPortOffset);
            faults.Add($"The listening port is too high for the default client endpoint (port + {ApiPortOffset}): name one.");
            return null;
        }

        if (ListenAddress.TryParse(text, out var api))
            return api;
        faults.Add($"'{text}' is no address for the client endpoint: give IP:PORT, such as 127.0.0.1:6555, or off.");
        return null;
    }

    private static void CheckProtection(NodeOptions options, IPEndPoint? api)
    {
        if (api is null || IPAddress.IsLoopback(api.Address))
            return;
        if (string.IsNullOrEmpty(options.ApiCertificate))
            throw new NodeStartException(
                "API_NOT_PROTECTED",
                $"The client endpoint {api} can be reached from other machines, and without TLS its token and messages could be read on the way. "
                + "Give a certificate and its key (--api-cert, --api-key), or use a loopback address.");
        if (options.ApiOpen)
            throw new NodeStartException(
                "API_NOT_PROTECTED", $"The client endpoint {api} can be reached from other machines, so it can't be open. Leave the token on, or use a loopback address.");
    }
}

using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Links;

namespace P2PGrpc.Node.Hosting;

/// <summary>How a node runs. All of it has defaults; it is checked when the node starts.</summary>
public sealed class NodeOptions
{
    /// <summary>The name that this node suggests to others, at most 64 bytes, without control characters. Default: the machine's name.</summary>
    public string Name { get; set; } = Environment.MachineName;

    /// <summary>Where identity and messages are kept; made with mode 0700 if missing. One process at a time.
    /// Default: p2pgrpc in $XDG_DATA_HOME, else ~/.local/share/p2pgrpc.</summary>
    public string DataDirectory { get; set; } = DefaultDataDirectory();

    /// <summary>The address on which peers reach this node: IP:PORT. Port 0 takes a free one. Default: 0.0.0.0:5555.</summary>
    public string Listen { get; set; } = "0.0.0.0:5555";

    /// <summary>host:port that others shall dial, as shown to the owner. Default: the listening address, with the machine's name for "any".</summary>
    public string? Advertise { get; set; }

    /// <summary>The address of the client endpoint: IP:PORT, or "off" for none but the Unix socket. Default: loopback, the listening port + 1000.</summary>
    public string? Api { get; set; }

    /// <summary>True: no token on the loopback client endpoint. For demonstrations: every user and program of this machine may then send and read.</summary>
    public bool ApiOpen { get; set; }

    /// <summary>The address of the web endpoint: IP:PORT, or "off". It serves JSON over HTTP/1.1, with TLS over HTTP/2 too, and gRPC-Web; the token is always needed.
    /// Beyond loopback it needs <see cref="ApiCertificate"/>, with which it serves if there is one. Default: off.</summary>
    public string? Web { get; set; }

    /// <summary>Origins whose pages may call the web endpoint with the token, such as https://app.example or http://localhost:3000. Default: none; requests of
    /// all other pages are refused.</summary>
    public IList<string> WebOrigins { get; set; } = [];

    /// <summary>A PEM file with the certificate of the client endpoint and of the web endpoint, which beyond loopback is a must.</summary>
    public string? ApiCertificate { get; set; }

    /// <summary>A PEM file with the key of <see cref="ApiCertificate"/>.</summary>
    public string? ApiKey { get; set; }

    /// <summary>IP:PORT where gRPC's health service alone is told, without a token, for the probes of orchestrators. It tells whoever reaches it whether the node
    /// does its work, and nothing else. Default: off.</summary>
    public string? Health { get; set; }

    /// <summary>Peers to know from the start: [alias=][id@]host:port, or [alias=]id. They stay known when they are taken out here; see peers remove.</summary>
    public IList<string> Peers { get; set; } = [];

    /// <summary>True: addresses that others name, in tickets and as members of rooms, may lead anywhere. Otherwise never to this machine itself (unless the node listens
    /// there only), nor to link-local, multicast and broadcast addresses. Addresses of <see cref="Peers"/> may lead anywhere in any case.</summary>
    public bool DialAny { get; set; }

    /// <summary>Whom the node lets in. Default: known peers only.</summary>
    public AdmissionPolicy Accept { get; set; } = AdmissionPolicy.Known;

    /// <summary>"lan": announces this node on the local network, and finds known peers there; "lan=GROUP:PORT" by another multicast group. Everybody there learns
    /// this node's PeerId and where it listens. Default: off.</summary>
    public string? Discover { get; set; }

    /// <summary>Bytes that are held of one other author in one room, or of one peer that came in only because <see cref="Accept"/> lets everybody in. Null for no bound,
    /// as for all quotas. What goes beyond is not taken, and the owner is told.</summary>
    public long? QuotaAuthor { get; set; } = ReplicatorLimits.DefaultAuthorBytes;

    /// <summary>Bytes that are held of all others in one room, or of all peers together that came in only because everybody may.</summary>
    public long? QuotaRoom { get; set; } = ReplicatorLimits.DefaultAllBytes;

    /// <summary>Bytes that are taken in a minute, over a while, of whom <see cref="QuotaAuthor"/> bounds. What comes faster is taken later.</summary>
    public long? QuotaAuthorRate { get; set; } = ReplicatorLimits.DefaultAuthorRate;

    /// <summary>Bytes that are taken in a minute, over a while, of whom <see cref="QuotaRoom"/> bounds together.</summary>
    public long? QuotaRoomRate { get; set; } = ReplicatorLimits.DefaultAllRate;

    /// <summary>For how many days, of those in which the node runs, messages are kept, 1 to 36500, in conversations that say nothing else. Default: without end.</summary>
    public int? KeepDays { get; set; }

    /// <summary>How many bytes of messages are kept in all conversations together, at least 1 MiB: beyond it the oldest are erased. Default: without limit.</summary>
    public long? KeepBytes { get; set; }

    /// <summary>Reads the options anew when the owner asks for that (NodeService.Reload), and throws <see cref="P2PGrpc.Node.Upkeep.UpkeepException"/> where they are
    /// wrong. Called on any thread, one call at a time. Default: none, and the owner is told so.</summary>
    public Func<NodeOptions>? Reread { get; set; }

    /// <summary>Ends the program in order when the owner asks for that (NodeService.Drain with stop). Must not block. Default: none, and the owner is told so.</summary>
    public Action? StopProgram { get; set; }

    /// <summary>Settings of the program around the node, by name, that it takes up only when it starts: a reload names those that have changed. Default: none.</summary>
    public IDictionary<string, string> ProgramSettings { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>URLs that the program around the node serves, by name: a diagnosis looks whether somebody listens there. Default: none.</summary>
    public IDictionary<string, string> ProgramEndpoints { get; set; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Where data is kept unless said otherwise.</summary>
    public static string DefaultDataDirectory()
    {
        var data = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        return Path.Combine(
            string.IsNullOrEmpty(data)
                ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share")
                : data,
            "p2pgrpc");
    }
}

using P2PGrpc.Cli.Commands;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Node.Files;

namespace P2PGrpc.Cli.Run;

/// <summary>What a node prints when it has started: where it is, where its API is, and how to call that.</summary>
internal sealed class NodeBanner(RunSettings settings, Surroundings surroundings)
{
    private readonly string data = Path.GetFullPath(settings.Data);

    /// <summary>The options by which other commands find this node, with a space before them.</summary>
    public string NodeOptions => $" --data {ShellWord.Quote(data)}";

    private string TokenPath => Path.Combine(data, DataFiles.Token);

    /// <param name="peerId">The node's id.</param>
    /// <param name="address">id@host:port.</param>
    /// <param name="api">The client endpoint's address, http://host:port or https://host:port; null if there is none.</param>
    /// <param name="web">The web endpoint's address, likewise.</param>
    /// <param name="metrics">The URL of the metrics; null if they are not served.</param>
    /// <param name="health">The URL of the health port; null if there is none.</param>
    public void Show(string peerId, string address, string? api, string? web, string? metrics, string? health)
    {
        if (settings.Json)
        {
            surroundings.Write(JsonLines.Started(peerId, settings.Name, address, api, web, metrics, health, data));
            return;
        }
        Row(settings.Name, address);
        if (settings.Quiet)
            return;
        Row("data", data);
        if (web is not null)
            Row("web", $"{web}, with the token in {TokenPath}");
        if (metrics is not null)
            Row("metrics", metrics);
        if (health is not null)
            Row("health", $"{health}, for gRPC's health service");
        if (api is null)
        {
            Row("api", "off");
            return;
        }
        _ = NodeAddress.TryParse(api, out var listening);
        var called = CallableAddress.Find(listening!, settings.ApiCertificate);
        var place = called == listening!.Authority ? api : $"{listening.Scheme}://{called} (listening on {listening.Authority})";
        Row("api", settings.ApiOpen ? $"{place}, no token" : $"{place}, with the token in {TokenPath}");
        surroundings.Write("");
        var peer = FindExamplePeer();
        surroundings.Write($"  p2pgrpc send {peer} \"hello\"{NodeOptions}");
        surroundings.Write($"  p2pgrpc tail{NodeOptions}");
        surroundings.Write("  " + Grpcurl(called, listening.Scheme == Uri.UriSchemeHttps, peer));
        surroundings.Write("");
    }

    private string Grpcurl(string address, bool secure, string peer)
    {
        var transport = secure ? $"-cacert {ShellWord.Quote(Path.GetFullPath(settings.ApiCertificate!))}" : "-plaintext";
        var token = settings.ApiOpen ? "" : $" -H \"authorization: Bearer $(cat {ShellWord.Quote(TokenPath)})\"";
        return $"grpcurl {transport}{token} -d '{{\"to\":\"{peer}\",\"text\":\"hello\"}}' {address} p2pgrpc.v1.PeerService/Send";
    }

    // A command that works when copied beats a placeholder: the first peer with an alias, else the node itself.
    private string FindExamplePeer()
    {
        foreach (var peer in settings.Peers)
        {
            var equals = peer.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0 && peer.AsSpan(0, equals).IndexOfAnyExceptInRange('-', 'z') < 0)
                return peer[..equals];
        }
        return "self";
    }

    private void Row(string name, string text) =>
        surroundings.Write(new StyledLine().Add(name.PadRight(8) + " ", StyledLine.Name).Add(text));
}

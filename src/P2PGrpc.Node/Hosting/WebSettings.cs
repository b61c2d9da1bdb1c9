using System.Net;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Hosting;

/// <summary>The options of the web endpoint, checked. Pure.</summary>
internal static class WebSettings
{
    public static IPEndPoint? ReadAddress(NodeOptions options, IEnumerable<IPEndPoint?> others, List<string> faults)
    {
        if (string.IsNullOrEmpty(options.Web) || options.Web == "off")
        {
            if (options.WebOrigins.Count > 0)
                faults.Add("The web endpoint is off, so --web-origin has no use: leave it out, or give an address by --web.");
            return null;
        }

        if (!ListenAddress.TryParse(options.Web, out var web))
            faults.Add($"'{options.Web}' is no address for the web endpoint: give IP:PORT, such as 127.0.0.1:7555, or off.");
        else if (web.Port != 0 && others.Any(web.Equals))
            faults.Add($"The web endpoint has the address of another endpoint of this node, {web}: give each a port of its own.");
        return web;
    }

    public static IReadOnlyList<string> ReadOrigins(NodeOptions options, List<string> faults)
    {
        var origins = new List<string>();
        foreach (var text in options.WebOrigins)
        {
            // An origin has no path, and is written by browsers in lower case and without a port that goes without saying.
            if (Uri.TryCreate(text, UriKind.Absolute, out var origin) && origin.Scheme is "http" or "https"
                && origin is { PathAndQuery: "/", Fragment: "", UserInfo: "" } && !text.Contains('*', StringComparison.Ordinal))
                origins.Add(origin.GetLeftPart(UriPartial.Authority));
            else
                faults.Add($"'{text}' is no origin of pages: give scheme, host and perhaps a port, such as https://app.example or http://localhost:3000. There is no origin for all.");
        }

        return origins;
    }

    /// <exception cref="NodeStartException">API_NOT_PROTECTED.</exception>
    public static void CheckProtection(NodeOptions options, IPEndPoint? web)
    {
        if (web is not null && !IPAddress.IsLoopback(web.Address) && string.IsNullOrEmpty(options.ApiCertificate))
            throw new NodeStartException(
                "API_NOT_PROTECTED",
                $"The web endpoint {web} can be reached from other machines, and without TLS its token and messages could be read on the way. "
                + "Give a certificate and its key (--api-cert, --api-key), or use a loopback address.");
    }
}

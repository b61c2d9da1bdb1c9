using System.Diagnostics.CodeAnalysis;

namespace P2PGrpc.Client;

/// <summary>The address of a node's client endpoint as people write it.</summary>
internal static class NodeAddress
{
    /// <summary>Reads host:port (taken as http), http://host:port or https://host:port.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out Uri? uri)
    {
        var full = text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text;
        return Uri.TryCreate(full, UriKind.Absolute, out uri)
            && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)
            && uri.Host.Length > 0
            && uri.Port > 0
            && uri.PathAndQuery == "/"
            && uri.UserInfo.Length == 0
            && uri.Fragment.Length == 0
            && HasPort(full);
    }

    // Uri fills in 80 and 443, which no node listens on: a forgotten port should be noticed.
    private static bool HasPort(string full)
    {
        var authority = full[(full.IndexOf("://", StringComparison.Ordinal) + 3)..].TrimEnd('/');
        var colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf(']') && colon < authority.Length - 1;
    }
}

using System.Globalization;
using System.Net;

namespace P2PGrpc.Node.Peers;

/// <summary>Where a peer listens: a DNS name or IP address, and a port, as text host:port, an IPv6 address in brackets. Or the name of a service by whose SRV records
/// it is found, with the port 0, as text srv:_service._tcp.domain.</summary>
internal readonly record struct PeerAddress(string Host, int Port)
{
    private const string ServicePrefix = "srv:_";

    /// <summary>The longest DNS name.</summary>
    private const int MaximumHostLength = 253;

    public static bool TryParse(ReadOnlySpan<char> text, out PeerAddress address)
    {
        address = default;
        if (text.StartsWith(ServicePrefix, StringComparison.OrdinalIgnoreCase))
            return TryParseService(text[(ServicePrefix.Length - 1)..], out address);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || !ushort.TryParse(text[(colon + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port == 0)
            return false;
        var host = text[..colon];
        if (host is ['[', .. var inner, ']'])
        {
            if (!IPAddress.TryParse(inner, out var v6) || v6.AddressFamily != System.Net.Sockets.AddressFamily.InterNetworkV6)
                return false;
            address = new PeerAddress(v6.ToString(), port);
            return true;
        }

        if (host.Length > MaximumHostLength || !IsHostName(host))
            return false;
        address = new PeerAddress(host.ToString().ToLowerInvariant(), port);
        return true;
    }

    /// <summary>True for the name of a service, which may be anywhere.</summary>
    public bool IsService => Port == 0;

    private static bool TryParseService(ReadOnlySpan<char> name, out PeerAddress address)
    {
        address = new PeerAddress(name.ToString().ToLowerInvariant(), 0);
        return name.Length <= MaximumHostLength && IsHostName(name) && name.IndexOf("._") > 0 && name[^1] != '.' && name.IndexOf("..") < 0;
    }

    /// <summary>Those of the texts that are addresses, in order.</summary>
    public static List<PeerAddress> ParseAll(IEnumerable<string> texts)
    {
        var addresses = new List<PeerAddress>();
        foreach (var text in texts)
            if (TryParse(text, out var address))
                addresses.Add(address);
        return addresses;
    }

    /// <summary>The same for what others name: no services, by which they could have this node look up any name as often as they like.</summary>
    public static List<PeerAddress> ParseNamedByOthers(IEnumerable<string> texts) => [.. ParseAll(texts).Where(address => !address.IsService)];

    private static bool IsHostName(ReadOnlySpan<char> host)
    {
        foreach (var character in host)
            if (!char.IsAsciiLetterOrDigit(character) && character is not ('.' or '-' or '_'))
                return false;
        return host[0] is not ('-' or '.');
    }

    public override string ToString() => IsService ? $"srv:{Host}" : Host.Contains(':')
        ? string.Create(CultureInfo.InvariantCulture, $"[{Host}]:{Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Host}:{Port}");
}

using System.Net;
using System.Net.Sockets;

namespace P2PGrpc.Node.Discovery;

/// <summary>Where nodes of a local network announce themselves: a multicast group and a port. Written lan, or lan=GROUP:PORT. Immutable.</summary>
internal sealed record LanGroup(IPAddress Address, int Port)
{
    public const string Rule = "Discovery is off, lan, or lan=GROUP:PORT with an IPv4 multicast group, such as lan=239.255.80.71:5554.";

    private const string Word = "lan";

    /// <summary>In the local scope of RFC 2365, which no router passes on; chosen for this protocol.</summary>
    public static LanGroup Default { get; } = new(new IPAddress([239, 255, 80, 71]), 5554);

    /// <summary>Null without a fault for no discovery, null with a fault for what is none of the above.</summary>
    public static LanGroup? Parse(string? text, out string fault)
    {
        fault = "";
        if (string.IsNullOrEmpty(text) || text == "off")
            return null;
        if (text == Word)
            return Default;
        if (text.StartsWith(Word + "=", StringComparison.Ordinal) && text.Contains(':') && IPEndPoint.TryParse(text.AsSpan(Word.Length + 1), out var given)
            && given is { AddressFamily: AddressFamily.InterNetwork, Port: > 0 } && given.Address.GetAddressBytes()[0] is >= 224 and <= 239)
            return new LanGroup(given.Address, given.Port);
        fault = $"'{Telemetry.DisplayText.Clean(text, 80)}' is no discovery. {Rule}";
        return null;
    }
}

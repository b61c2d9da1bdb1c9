using System.Diagnostics.CodeAnalysis;
using System.Net;

namespace P2PGrpc.Node.Wire;

/// <summary>Reads where to listen: IP:PORT. A port must be there, which the framework takes for 0 where it is left out.</summary>
internal static class ListenAddress
{
    public static bool TryParse([NotNullWhen(true)] string? text, [NotNullWhen(true)] out IPEndPoint? address)
    {
        address = null;
        return text is not null && text.Contains(':', StringComparison.Ordinal) && IPEndPoint.TryParse(text, out address);
    }
}

using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace P2PGrpc.Cli.Run;

/// <summary>Finds by which host and port to call a client endpoint: what it listens on may be no address to call, or one that its certificate is not made
/// out to.</summary>
internal static class CallableAddress
{
    /// <param name="listening">The URL with the address that it listens on.</param>
    /// <param name="certificateFile">Its certificate, if it has one.</param>
    /// <returns>host:port.</returns>
    public static string Find(Uri listening, string? certificateFile)
    {
        var own = IPAddress.TryParse(listening.Host.Trim('[', ']'), out var address) ? address : IPAddress.Loopback;
        var isAny = own.Equals(IPAddress.Any) || own.Equals(IPAddress.IPv6Any);
        var (names, addresses) = certificateFile is null ? ([], []) : ReadNames(certificateFile);
        if (!isAny && (addresses.Contains(own) || (names.Count == 0 && addresses.Count == 0)))
            return listening.Authority;
        if (names.Count > 0)
            return $"{names[0]}:{listening.Port}";
        if (addresses.Count > 0)
            return new IPEndPoint(addresses[0], listening.Port).ToString();
        return $"localhost:{listening.Port}";
    }

    private static (IReadOnlyList<string> Names, IReadOnlyList<IPAddress> Addresses) ReadNames(string file)
    {
        try
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(file));
            var alternatives = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().ToList();
            return (
                [.. alternatives.SelectMany(extension => extension.EnumerateDnsNames()).Where(name => Uri.CheckHostName(name) == UriHostNameType.Dns)],
                [.. alternatives.SelectMany(extension => extension.EnumerateIPAddresses())]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException)
        {
            // The node serves with it; this only says how to call.
            return ([], []);
        }
    }
}

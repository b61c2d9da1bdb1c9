using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using P2PGrpc.Node.Api;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Node.Hosting;

/// <summary>The certificate of the client endpoint and its key, from their two PEM files.</summary>
internal static class ApiCertificate
{
    // The kinds of keys that TLS serves with here.
    private const string Rsa = "1.2.840.113549.1.1.1";
    private const string EllipticCurve = "1.2.840.10045.2.1";

    /// <summary>Reads both. One that has expired is served all the same, with a warning: nodes do without it, and who pins it goes on, so that a node that
    /// refused to start would be the worse.</summary>
    /// <returns>Null if there is none.</returns>
    /// <exception cref="NodeStartException">API_CERTIFICATE: one of the files can't be read, or they don't belong together.</exception>
    public static X509Certificate2? Load(NodeSettings settings, TimeProvider time, ILogger log)
    {
        if (settings.ApiCertificate is not { Length: > 0 } certificateFile || settings.ApiKey is not { Length: > 0 } keyFile)
            return null;
        var certificateText = Read(certificateFile, "certificate", "--api-cert");
        var keyText = Read(keyFile, "key", "--api-key");
        var certificate = Combine(certificateText, certificateFile, keyText, keyFile);
        if (DescribeAge(certificate, time.GetUtcNow()) is { } age)
            ApiLog.CertificateOutOfDate(log, certificateFile, age);
        return certificate;
    }

    private static string Read(string file, string what, string option)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            var why = fault switch
            {
                _ when Directory.Exists(file) => "it is a directory.",
                FileNotFoundException or DirectoryNotFoundException => "there is no such file.",
                UnauthorizedAccessException => "this user may not read it.",
                _ => fault.Message,
            };
            throw Unusable($"The client endpoint's {what} file {file} ({option}) can't be read: {why}", fault);
        }
    }

    private static X509Certificate2 Combine(string certificateText, string certificateFile, string keyText, string keyFile)
    {
        using (var alone = ReadCertificate(certificateText, certificateFile))
            if (alone.PublicKey.Oid.Value is not (Rsa or EllipticCurve))
                throw Unusable($"The certificate in {certificateFile} (--api-cert) has a key of a kind that can't be served with. Make one with an RSA or ECDSA key.");
        CheckKey(keyText, keyFile);
        try
        {
            return X509Certificate2.CreateFromPem(certificateText, keyText);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw Unusable($"The key in {keyFile} (--api-key) does not belong to the certificate in {certificateFile} (--api-cert), or is damaged. Give the two that were made together.", fault);
        }
    }

    private static X509Certificate2 ReadCertificate(string text, string file)
    {
        try
        {
            return X509Certificate2.CreateFromPem(text);
        }
        catch (CryptographicException fault)
        {
            var hint = text.Contains("PRIVATE KEY-----", StringComparison.Ordinal)
                ? "It holds a key: are --api-cert and --api-key mixed up?"
                : "One in another form becomes PEM by 'openssl x509'.";
            throw Unusable($"{file} (--api-cert) holds no certificate in PEM form, which begins with -----BEGIN CERTIFICATE-----. {hint}", fault);
        }
    }

    private static void CheckKey(string text, string file)
    {
        if (!text.Contains("PRIVATE KEY-----", StringComparison.Ordinal))
            throw Unusable($"{file} (--api-key) holds no private key in PEM form, which begins with -----BEGIN PRIVATE KEY-----.");
        // PKCS #8 says so in its label, the older form of OpenSSL in a header.
        if (text.Contains("BEGIN ENCRYPTED", StringComparison.Ordinal) || text.Contains("Proc-Type: 4,ENCRYPTED", StringComparison.Ordinal))
            throw Unusable(
                $"The key in {file} (--api-key) is encrypted, and a node that starts has nobody to ask for its passphrase. Give it without one, in a file that "
                + "only the node's user may read: 'openssl pkey' writes it.");
    }

    private static string? DescribeAge(X509Certificate2 certificate, DateTimeOffset now)
    {
        if (now > certificate.NotAfter)
            return $"has expired on {Day(certificate.NotAfter)}";
        return now < certificate.NotBefore ? $"is valid from {Day(certificate.NotBefore)} on only" : null;
    }

    private static string Day(DateTime moment) => moment.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static NodeStartException Unusable(string message, Exception? inner = null) => new("API_CERTIFICATE", message, inner);
}

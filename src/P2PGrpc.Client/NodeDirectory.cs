namespace P2PGrpc.Client;

/// <summary>What a client reads in the data directory of a node.</summary>
internal sealed class NodeDirectory(string path)
{
    private readonly string full = System.IO.Path.GetFullPath(path);

    public string Path => full;

    public string SocketPath => System.IO.Path.Combine(full, "api.sock");

    public string TokenPath => System.IO.Path.Combine(full, "api.token");

    private string AddressPath => System.IO.Path.Combine(full, "api.address");

    /// <summary>The directory that is used when none is given.</summary>
    public static string FindDefault(Func<string, string?> environment)
    {
        if (environment("P2PGRPC_DATA") is { Length: > 0 } given)
            return given;
        if (environment("XDG_DATA_HOME") is { Length: > 0 } home)
            return System.IO.Path.Combine(home, "p2pgrpc");
        return System.IO.Path.Combine(
            Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify),
            ".local", "share", "p2pgrpc");
    }

    /// <summary>The TCP address that the running node wrote down; null if there is none.</summary>
    /// <exception cref="NodeNotFoundException">What stands there can't be used.</exception>
    public Uri? ReadAddress()
    {
        string text;
        try
        {
            text = File.ReadAllText(AddressPath).Trim();
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException denied)
        {
            throw new NodeNotFoundException($"{AddressPath} can't be read: {UnreadableFile.Explain(AddressPath, denied)}", denied);
        }
        if (!NodeAddress.TryParse(text, out var uri))
            throw new NodeNotFoundException($"{AddressPath} does not hold an address. Is {full} a node's data directory?");
        if (uri.Scheme != Uri.UriSchemeHttp)
        {
            // What a node listens on may be no address to call.
            var host = uri.Host is "0.0.0.0" or "[::]" ? "localhost" : uri.Host;
            throw new NodeNotFoundException(
                $"The node of {full} serves by TLS and has no socket: give its address, https://{host}:{uri.Port}, the token file and the certificate.");
        }
        return uri;
    }
}

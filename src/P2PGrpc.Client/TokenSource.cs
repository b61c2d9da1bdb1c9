namespace P2PGrpc.Client;

/// <summary>Gives the token that goes with a call, and reads its file again after it changed. Safe for use by many threads.</summary>
internal sealed class TokenSource
{
    private readonly string? path;
    private readonly NodeDirectory? directory;
    private volatile Known? known;

    private TokenSource(string? path, NodeDirectory? directory, Known? known)
    {
        this.path = path;
        this.directory = directory;
        this.known = known;
    }

    public static TokenSource None { get; } = new(null, null, null);

    public static TokenSource Fixed(string token) => new(null, null, new Known(token, default));

    /// <summary>A file that the user named: it must be there.</summary>
    public static TokenSource FromFile(string path) => new(path, null, null);

    /// <summary>The file in a node's data directory: it may be missing, and is needed only where there is no socket.</summary>
    public static TokenSource FromDirectory(NodeDirectory directory) => new(directory.TokenPath, directory, null);

    /// <summary>The token, or null if none is needed.</summary>
    /// <exception cref="TokenFileException">The file can't be read.</exception>
    public string? Read()
    {
        if (path is null)
            return known?.Token;
        try
        {
            var changed = File.GetLastWriteTimeUtc(path);
            if (known is { } last && last.Changed == changed)
                return last.Token;
            var length = new FileInfo(path).Length;
            if (length > ClientLimits.TokenBytes)
                throw new TokenFileException($"The token file {path} holds {length} bytes: that is no token.");
            var token = File.ReadAllText(path).Trim();
            if (token.Length == 0 || !token.All(letter => letter is > ' ' and <= '~'))
                throw new TokenFileException($"The token file {path} does not hold a token.");
            known = new Known(token, changed);
            return token;
        }
        catch (Exception fault) when (fault is UnauthorizedAccessException or IOException)
        {
            if (directory is not null && !IsNeeded(fault, directory))
                return null;
            throw new TokenFileException($"The token file {path} can't be read: {UnreadableFile.Explain(path, fault)}", fault);
        }
    }

    // A token that is there but can't be read would be missed by the node, which could only say that none was sent.
    private static bool IsNeeded(Exception fault, NodeDirectory directory) =>
        (fault is UnauthorizedAccessException || Directory.Exists(directory.TokenPath)) && !File.Exists(directory.SocketPath);

    private sealed record Known(string Token, DateTime Changed);
}

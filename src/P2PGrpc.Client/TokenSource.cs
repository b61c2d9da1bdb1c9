namespace P2PGrpc.Client;

/// <summary>Gives the token that goes with a call, and reads its file again after it changed. Safe for use by many threads.</summary>
internal sealed class TokenSource
{
    private readonly string? path;
    private readonly bool required;
    private volatile Known? known;

    private TokenSource(string? path, bool required, Known? known)
    {
        this.path = path;
        this.required = required;
        this.known = known;
    }

    public static TokenSource None { get; } = new(null, false, null);

    public static TokenSource Fixed(string token) => new(null, true, new Known(token, default));

    /// <summary>A file that must be there (named by the user), or may be missing (in the data directory of a node).</summary>
    public static TokenSource FromFile(string path, bool required) => new(path, required, null);

    /// <summary>The token, or null if none is needed.</summary>
    /// <exception cref="TokenFileException">The file can't be read.</exception>
    public string? Read()
    {
        if (path is null)
            return known?.Token;
        var changed = File.GetLastWriteTimeUtc(path);
        if (known is { } last && last.Changed == changed)
            return last.Token;
        try
        {
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
            if (!required)
                return null;
            throw new TokenFileException($"The token file {path} can't be read: {fault.Message}", fault);
        }
    }

    private sealed record Known(string Token, DateTime Changed);
}

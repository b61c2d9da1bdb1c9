namespace P2PGrpc.Node.Peers;

/// <summary>The rule for local names: [a-z][a-z0-9_-]{0,31}. "self" is taken: it means this node.</summary>
internal static class Alias
{
    public const int MaximumLength = 32;

    /// <summary>How this node calls itself where an alias is expected.</summary>
    public const string Self = "self";

    public const string Rule = "An alias is a lower-case letter followed by at most 31 of a-z, 0-9, _ and -, and not 'self'.";

    public static bool IsValid(string text)
    {
        if (text.Length is 0 or > MaximumLength || text[0] is < 'a' or > 'z' || text == Self)
            return false;
        foreach (var character in text)
            if (character is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '_' or '-'))
                return false;
        return true;
    }
}

namespace P2PGrpc.Node.Delivery;

/// <summary>The rule for consumers' names: [a-z][a-z0-9_.-]{0,63}.</summary>
internal static class ConsumerName
{
    public const string Rule = "A consumer's name is a lower-case letter followed by at most 63 of a-z, 0-9, _, . and -.";

    public static bool IsValid(string name)
    {
        if (name.Length is 0 or > DeliveryLimits.ConsumerNameLength || name[0] is < 'a' or > 'z')
            return false;
        foreach (var character in name)
            if (character is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '_' or '.' or '-'))
                return false;
        return true;
    }
}

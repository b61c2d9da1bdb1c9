namespace P2PGrpc.Client;

/// <summary>How an outbox works. Validated when the host starts.</summary>
public sealed class OutboxOptions
{
    /// <summary>The table, with or without a schema before it. Default: p2pgrpc_outbox.</summary>
    public string Table { get; set; } = "p2pgrpc_outbox";

    /// <summary>Whether the table is made when the host starts, if it is not there. Default: yes. If not, a migration makes it: <see cref="MessageOutbox.CreateTableSql"/>.</summary>
    public bool CreateTable { get; set; } = true;

    /// <summary>How many messages are read from the table at a time, 1 to 1000. Default: 100.</summary>
    public int BatchSize { get; set; } = 100;

    /// <summary>
    /// How often the table is looked at while nothing is known to be in it, for what other processes put there. What this process adds is found within
    /// milliseconds of its commit. Default: 5 s.
    /// </summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Says what is wrong with these options; null if nothing is.</summary>
    internal string? FindFault()
    {
        var parts = Table.Split('.');
        if (parts.Length > 2 || !parts.All(IsName))
            return $"The table '{Table}' is no name: letters, digits and _, with or without a schema and a dot before it.";
        if (BatchSize is < 1 or > 1000)
            return $"BatchSize is 1 to 1000, not {BatchSize}.";
        return PollInterval < OutboxRelay.FirstLook || PollInterval > TimeSpan.FromDays(1) ? "PollInterval is 20 ms to a day." : null;
    }

    // It becomes a part of SQL, where parameters can't stand.
    private static bool IsName(string text) =>
        text.Length is > 0 and <= 63 && !char.IsAsciiDigit(text[0]) && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_');
}

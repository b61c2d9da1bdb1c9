using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Upkeep;

/// <summary>What checks have found, gathered in order. Thread-safe.</summary>
internal sealed class Findings
{
    private readonly Lock gate = new();
    private readonly List<Finding> found = [];

    /// <summary>All of it so far.</summary>
    public IReadOnlyList<Finding> All
    {
        get
        {
            lock (gate)
                return [.. found];
        }
    }

    public void Ok(string check, string detail) => Add(check, Severity.Ok, detail, "");

    public void Warn(string check, string detail, string advice) => Add(check, Severity.Warning, detail, advice);

    public void Fail(string check, string detail, string advice) => Add(check, Severity.Error, detail, advice);

    /// <summary>Runs a check whose own failure is worth no more than a word.</summary>
    public void Try(string check, Action look)
    {
        try
        {
            look();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Warn(check, $"It could not be looked at: {fault.Message}", "");
        }
    }

    private void Add(string check, Severity severity, string detail, string advice)
    {
        lock (gate)
            found.Add(new Finding { Check = check, Severity = severity, Detail = detail, Advice = advice });
    }
}

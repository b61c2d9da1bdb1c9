using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>K2 for whole databases: tests/interop/verify_database.py, which shares no code with the program under test.</summary>
internal static class DatabaseVerifier
{
    private const string Python = "/usr/bin/python3";

    public static async Task SkipIfMissingAsync()
    {
        Assert.SkipUnless(File.Exists(Python), $"{Python} is missing: make setup installs it as root.");
        var modules = await Command.RunAsync(Python, ["-c", "import cryptography, sqlite3"]);
        Assert.SkipUnless(modules.ExitCode == 0, "python3-cryptography is missing: make setup installs it as root.");
    }

    /// <summary>Verifies databases of nodes that do not run, each also against the one after it.</summary>
    public static async Task VerifyAsync(params NodeProcess[] nodes)
    {
        for (var index = 0; index < nodes.Length; index++)
        {
            var other = nodes.Length > 1 ? nodes[(index + 1) % nodes.Length].DatabasePath : null;
            var result = await RunAsync(nodes[index].DatabasePath, other);
            Assert.True(result.ExitCode == 0, $"{nodes[index].Name}'s database: {result}");
        }
    }

    public static Task<CommandResult> RunAsync(string database, string? sameAs = null)
    {
        string[] comparison = sameAs is null ? [] : ["--same-as", sameAs];
        return Command.RunAsync(Python, [Path.Combine(Checkout.Interop, "verify_database.py"), database, .. comparison], TimeSpan.FromMinutes(5));
    }
}

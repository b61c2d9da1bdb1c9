using Xunit;

namespace P2PGrpc.EndToEnd.Faults;

/// <summary>libfaketime: the wall clock of one process, shifted for good, or by what a file says. The monotonic clock stays true, as it does when a
/// machine's clock is set.</summary>
internal sealed class FakeClock(string file)
{
    private static readonly string? Library =
        Directory.Exists("/usr/lib") ? Directory.EnumerateFiles("/usr/lib", "libfaketimeMT.so.1", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true }).FirstOrDefault() : null;

    public static void SkipIfMissing() => Assert.SkipWhen(Library is null, "faketime is missing: make setup installs it as root.");

    public static IReadOnlyList<string> Shifted(int days) => [.. Prefix, $"FAKETIME={Word(days)}"];

    /// <summary>The process looks at the file again and again.</summary>
    public IReadOnlyList<string> Follow()
    {
        Set(0);
        return [.. Prefix, $"FAKETIME_TIMESTAMP_FILE={file}", "FAKETIME_NO_CACHE=1"];
    }

    public void Set(int days) => File.WriteAllText(file, Word(days) + "\n");

    // Its help for timed waits in old versions of glibc makes threads of this one wake late: up to a second for each call of a client.
    private static string[] Prefix => ["env", $"LD_PRELOAD={Library}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_FORCE_MONOTONIC_FIX=0"];

    private static string Word(int days) => $"{days:+0;-0}d";
}

using P2PGrpc.EndToEnd.Harness;
using Xunit;

namespace P2PGrpc.EndToEnd;

/// <summary>Prometheus' own checker.</summary>
internal static class Promtool
{
    private const string Name = "promtool";

    /// <summary>Where it is: installed, or as <c>make setup</c> fetches it; null if neither.</summary>
    public static string? Path { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator)
        .Append(System.IO.Path.Combine(Checkout.Root, "artifacts", "tools"))
        .Select(folder => System.IO.Path.Combine(folder, Name))
        .FirstOrDefault(File.Exists);

    public static void SkipIfMissing() => Assert.SkipWhen(Path is null, "promtool is missing: make setup fetches it on Debian.");

    public static Task<CommandResult> RunAsync(string folder, string input, params string[] arguments) => Command.RunAsync(Path!, arguments, input: input, folder: folder);
}

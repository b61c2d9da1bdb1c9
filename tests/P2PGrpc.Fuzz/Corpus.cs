namespace P2PGrpc.Fuzz;

/// <summary>The inputs that lie in testdata/fuzz: for each target valid ones to begin with, and all that ever broke something.</summary>
internal static class Corpus
{
    private static readonly string Root = FindRoot();

    /// <summary>Where inputs that break something are written.</summary>
    public static string Findings { get; } = Path.Combine(Root, "artifacts", "fuzz");

    public static List<byte[]> Read(FuzzTarget target)
    {
        var directory = DirectoryOf(target);
        return Directory.Exists(directory) ? [.. Directory.EnumerateFiles(directory).Order(StringComparer.Ordinal).Select(File.ReadAllBytes)] : [];
    }

    private static string DirectoryOf(FuzzTarget target) => Path.Combine(Root, "testdata", "fuzz", target.Name);

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "P2PGrpc.sln")))
            directory = directory.Parent ?? throw new InvalidOperationException("The tests don't lie in a checkout.");
        return directory.FullName;
    }
}

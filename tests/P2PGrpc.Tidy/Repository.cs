namespace P2PGrpc.Tidy;

/// <summary>The checkout that these tests look at.</summary>
internal static class Repository
{
    private static readonly string[] GeneratedFolders = ["artifacts", "node_modules", "bin", "obj", ".git", ".vs", ".idea"];

    private static readonly string[] TextEndings =
        [".cs", ".csproj", ".props", ".sln", ".md", ".proto", ".py", ".js", ".sh", ".json", ".yaml", ".txt", ".mutant", "Makefile", "run", ".editorconfig"];

    /// <summary>The folder that holds P2PGrpc.sln, found upwards from the test program.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>All text files, by their path relative to the root.</summary>
    public static IEnumerable<SourceFile> Files() => Walk(Root)
        .Where(path => TextEndings.Any(ending => path.EndsWith(ending, StringComparison.Ordinal)))
        .Select(path => new SourceFile(Path.GetRelativePath(Root, path), File.ReadAllText(path)))
        .OrderBy(file => file.Path, StringComparer.Ordinal);

    public static IEnumerable<SourceFile> Code() => Files().Where(file => file.Path.EndsWith(".cs", StringComparison.Ordinal));

    public static IEnumerable<SourceFile> Documents() => Files().Where(file => file.Path.EndsWith(".md", StringComparison.Ordinal));

    private static IEnumerable<string> Walk(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder)) yield return file;
        foreach (var inner in Directory.EnumerateDirectories(folder).Where(path => !GeneratedFolders.Contains(Path.GetFileName(path))))
        {
            foreach (var file in Walk(inner)) yield return file;
        }
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "P2PGrpc.sln"))) return folder.FullName;
        }
        throw new InvalidOperationException("P2PGrpc.sln was not found above " + AppContext.BaseDirectory);
    }
}

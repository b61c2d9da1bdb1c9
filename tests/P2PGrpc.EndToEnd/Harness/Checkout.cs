namespace P2PGrpc.EndToEnd.Harness;

/// <summary>Where things are in this checkout.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    /// <summary>The program under test: as <c>make build</c> leaves it, or another one, as P2PGRPC_PROGRAM says.</summary>
    public static string Program
    {
        get
        {
            var path = Environment.GetEnvironmentVariable("P2PGRPC_PROGRAM") ?? Path.Combine(Root, "artifacts", "bin", "p2pgrpc");
            return File.Exists(path) ? path : throw new InvalidOperationException($"{path} is missing: run make build first.");
        }
    }

    /// <summary>The program as <c>make native</c> leaves it.</summary>
    public static string NativeProgram { get; } = Path.Combine(Root, "artifacts", "bin", "native", "p2pgrpc");

    public static string Buf { get; } = Path.Combine(Root, "node_modules", ".bin", "buf");

    public static string Protos { get; } = Path.Combine(Root, "protos");

    public static string Interop { get; } = Path.Combine(Root, "tests", "interop");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "P2PGrpc.sln"))) return folder.FullName;
        }
        throw new InvalidOperationException("P2PGrpc.sln was not found above " + AppContext.BaseDirectory);
    }
}

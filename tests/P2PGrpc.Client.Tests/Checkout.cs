namespace P2PGrpc.Client.Tests;

/// <summary>The checkout that these tests were built in.</summary>
internal static class Checkout
{
    public static string Root { get; } = FindRoot();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "P2PGrpc.sln")))
            folder = folder.Parent ?? throw new InvalidOperationException("P2PGrpc.sln was not found above " + AppContext.BaseDirectory);
        return folder.FullName;
    }
}

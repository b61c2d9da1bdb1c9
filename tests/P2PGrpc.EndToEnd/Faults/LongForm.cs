namespace P2PGrpc.EndToEnd.Faults;

/// <summary>Whether the tests of faults go through all their cases (P2PGRPC_FAULTS_LONG=1) or through a part that fits a usual run.</summary>
internal static class LongForm
{
    public static bool On { get; } = Environment.GetEnvironmentVariable("P2PGRPC_FAULTS_LONG") is "1";

    /// <summary>All of the cases, or each so-manieth.</summary>
    public static IEnumerable<T> Choose<T>(IEnumerable<T> cases, int each) => cases.Where((_, index) => On || index % each == 0);
}

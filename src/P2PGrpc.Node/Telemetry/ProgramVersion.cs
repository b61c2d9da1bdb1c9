using System.Reflection;

namespace P2PGrpc.Node.Telemetry;

/// <summary>The version of this software.</summary>
internal static class ProgramVersion
{
    /// <summary>As it was built, without what stands behind a plus.</summary>
    public static string Text { get; } =
        typeof(ProgramVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "unknown";
}

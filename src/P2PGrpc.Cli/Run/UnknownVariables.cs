using System.Text.RegularExpressions;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Cli.Run;

/// <summary>Finds variables of the environment that are written like options and are none. In the file such a name is an error; a variable may be meant for another program,
/// so that it is only told.</summary>
internal static partial class UnknownVariables
{
    private const string Prefix = "P2PGRPC_";
    private const int LongestName = 80;

    /// <summary>All that this program asks for.</summary>
    public static readonly IReadOnlyList<string> Known =
    [
        "P2PGRPC_ACCEPT", "P2PGRPC_ADVERTISE", "P2PGRPC_API", "P2PGRPC_API_CERT", "P2PGRPC_API_KEY", "P2PGRPC_API_OPEN", "P2PGRPC_CONFIG", "P2PGRPC_DATA", "P2PGRPC_DIAL_ANY",
        "P2PGRPC_DISCOVER", "P2PGRPC_HEALTH", "P2PGRPC_KEEP_BYTES", "P2PGRPC_KEEP_DAYS", "P2PGRPC_LISTEN", "P2PGRPC_LOG", "P2PGRPC_METRICS", "P2PGRPC_NAME", "P2PGRPC_PASSPHRASE",
        "P2PGRPC_PEERS", "P2PGRPC_QUOTA_AUTHOR", "P2PGRPC_QUOTA_AUTHOR_RATE", "P2PGRPC_QUOTA_ROOM", "P2PGRPC_QUOTA_ROOM_RATE", "P2PGRPC_STACK_TRACE", "P2PGRPC_WEB", "P2PGRPC_WEB_ORIGINS",
    ];

    /// <summary>A sentence for each, in order.</summary>
    /// <param name="names">Of all variables that are set.</param>
    public static IEnumerable<string> Describe(IEnumerable<string> names)
    {
        var all = names.ToList();
        var inKubernetes = all.Contains("KUBERNETES_SERVICE_HOST");
        foreach (var name in all.Where(name => name.StartsWith(Prefix, StringComparison.Ordinal) && !Known.Contains(name)).Order(StringComparer.Ordinal))
        {
            // There each service makes some of its name: a service of a node is likely to be called like the program.
            if (inKubernetes && ServiceLink().IsMatch(name))
                continue;
            var near = NearNames.Find(name, Known);
            yield return $"The variable {DisplayText.Clean(name, LongestName)} is no option, and has no effect.{(near.Count > 0 ? $" Did you mean {string.Join(" or ", near)}?" : "")}";
        }
    }

    [GeneratedRegex("_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_[0-9]+_.*)?)$", RegexOptions.CultureInvariant)]
    private static partial Regex ServiceLink();
}

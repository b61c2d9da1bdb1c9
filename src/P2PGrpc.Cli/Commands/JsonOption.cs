using System.CommandLine;

namespace P2PGrpc.Cli.Commands;

/// <summary>The option of all commands whose output a program may read.</summary>
internal static class JsonOption
{
    public static Option<bool> Create() => new("--json") { Description = "Write JSON, one object a line" };
}

using System.Text.RegularExpressions;

namespace P2PGrpc.Tidy;

/// <summary>Who may use whom: between the projects, and between the folders inside one.</summary>
internal static partial class DependencyRules
{
    private static readonly Dictionary<string, string[]> AllowedReferences = new(StringComparer.Ordinal)
    {
        ["P2PGrpc.Protocol"] = [],
        ["P2PGrpc.Core"] = ["P2PGrpc.Protocol"],
        ["P2PGrpc.Node"] = ["P2PGrpc.Core"],
        ["P2PGrpc.Client"] = ["P2PGrpc.Protocol"],
        ["P2PGrpc.Cli"] = ["P2PGrpc.Client", "P2PGrpc.Node"],
        // Runs whole nodes and makes clients of them, as those who test with it do. Nothing of src/ uses it.
        ["P2PGrpc.Testing"] = ["P2PGrpc.Client", "P2PGrpc.Node"],
    };

    // A folder uses only those before it.
    private static readonly Dictionary<string, string[]> FolderOrders = new(StringComparer.Ordinal)
    {
        ["P2PGrpc.Core"] = ["Identity", "Invites", "Discovery", "Logs", "Rooms", "Overlay", "Replication"],
        ["P2PGrpc.Node"] =
        [
            "Telemetry", "Files", "Identity", "Wire", "Logs", "Peers", "Invites", "Rooms", "Links", "Discovery", "Conversations", "Delivery", "History", "Upkeep", "Api", "Web", "Hosting",
        ],
    };

    // Neighbours in the order that must stay Strangers all the same.
    private static readonly (string Project, string Folder, string Banned)[] Strangers =
        [("P2PGrpc.Node", "Logs", "Wire"), ("P2PGrpc.Node", "Logs", "Identity")];

    /// <summary>References of a project file that the house does not allow.</summary>
    public static IEnumerable<string> CheckProject(SourceFile projectFile)
    {
        if (!projectFile.Path.StartsWith("src/", StringComparison.Ordinal)) yield break;
        var project = Path.GetFileNameWithoutExtension(projectFile.Name);
        if (!AllowedReferences.TryGetValue(project, out var allowed))
        {
            yield return $"{projectFile}: {project} is not one of the projects of src/";
            yield break;
        }
        foreach (Match match in ProjectReference().Matches(projectFile.Text))
        {
            var target = Path.GetFileNameWithoutExtension(match.Groups[1].Value.Replace('\\', '/'));
            if (!allowed.Contains(target)) yield return $"{projectFile}: {project} must not reference {target}";
        }
        if (projectFile.Text.Contains("<Using ", StringComparison.Ordinal))
            yield return $"{projectFile}: usings belong into the files, where their direction is checked";
    }

    /// <summary>A project file that the solution does not build, and whose tests so would never run.</summary>
    public static IEnumerable<string> CheckSolution(SourceFile projectFile, string solution)
    {
        // What a template makes is built where it is made.
        if (projectFile.Path.StartsWith("templates/content/", StringComparison.Ordinal)) yield break;
        if (!solution.Contains($"\"{projectFile.Path.Replace('/', '\\')}\"", StringComparison.Ordinal))
            yield return $"{projectFile}: not in P2PGrpc.sln";
    }

    /// <summary>Uses of a folder that stands later in the order, and namespaces that don't say where the file is.</summary>
    public static IEnumerable<string> CheckFolders(SourceFile file)
    {
        if (!file.Path.StartsWith("src/", StringComparison.Ordinal) || !FolderOrders.TryGetValue(file.Project, out var order)) yield break;
        var place = Array.IndexOf(order, file.Folder);
        if (place < 0)
        {
            yield return $"{file}: the folder '{file.Folder}' has no place in the order {string.Join(" < ", order)}";
            yield break;
        }
        var code = file.Code;
        foreach (Match match in Namespace().Matches(code))
        {
            var name = match.Groups[1].Value;
            if (name != $"{file.Project}.{file.Folder}" && name != "Microsoft.Extensions.DependencyInjection")
                yield return $"{file}: its namespace {name} does not follow its folder";
        }
        if (code.Contains("global using", StringComparison.Ordinal)) yield return $"{file}: global usings hide who uses whom";
        foreach (var used in UsedFolders(file.Project, code).Distinct(StringComparer.Ordinal))
        {
            if (Array.IndexOf(order, used) > place) yield return $"{file}: {file.Folder} must not use {used}";
            if (Strangers.Contains((file.Project, file.Folder, used))) yield return $"{file}: {file.Folder} must not use {used}";
        }
    }

    private static IEnumerable<string> UsedFolders(string project, string code) =>
        Regex.Matches(code, $@"\b{Regex.Escape(project)}\.([A-Z]\w*)").Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"<ProjectReference\s+Include=""([^""]+)""")]
    private static partial Regex ProjectReference();

    [GeneratedRegex(@"^\s*namespace\s+([\w.]+)", RegexOptions.Multiline)]
    private static partial Regex Namespace();
}

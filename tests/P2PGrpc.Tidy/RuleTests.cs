using Xunit;

namespace P2PGrpc.Tidy;

/// <summary>Each rule finds what it is there to find, and lets pass what is right.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData("src/P2PGrpc.Core/P2PGrpc.Core.csproj", "P2PGrpc.Protocol", true)]
    [InlineData("src/P2PGrpc.Core/P2PGrpc.Core.csproj", "P2PGrpc.Node", false)]
    [InlineData("src/P2PGrpc.Client/P2PGrpc.Client.csproj", "P2PGrpc.Core", false)]
    [InlineData("src/P2PGrpc.Cli/P2PGrpc.Cli.csproj", "P2PGrpc.Node", true)]
    [InlineData("src/P2PGrpc.Cli/P2PGrpc.Cli.csproj", "P2PGrpc.Core", false)]
    [InlineData("src/P2PGrpc.Extra/P2PGrpc.Extra.csproj", "P2PGrpc.Core", false)]
    public void A_project_reference_against_the_direction_is_found(string path, string target, bool allowed) =>
        Judges(DependencyRules.CheckProject(new(path, $@"<ProjectReference Include=""..\..\src\{target}\{target}.csproj"" />")), allowed);

    [Theory]
    [InlineData("a.cs", "before", true)]
    [InlineData("b.cs", "before", false)]
    [InlineData("a.cs", "elsewhere", false)]
    [InlineData("a.cs", "twice", false)]
    public void A_planted_bug_that_fits_no_more_is_found(string file, string find, bool allowed) => Judges(
        MutantRules.Check(
            new("tests/mutants/x.mutant", $"promise: D1\nfile: {file}\ntests: T\nwhat: w\n<<<<\n{find}\n====\nafter\n>>>>\n"),
            path => path == "a.cs" ? "before twice twice" : null),
        allowed);

    [Theory]
    [InlineData("src/A/A.csproj", true)]
    [InlineData("src/B/B.csproj", false)]
    public void A_project_outside_the_solution_is_found(string path, bool allowed) =>
        Judges(DependencyRules.CheckSolution(new(path, ""), @"Project(""{0}"") = ""A"", ""src\A\A.csproj"", ""{1}"""), allowed);

    [Fact]
    public void A_using_in_a_project_file_is_found() => Judges(
        DependencyRules.CheckProject(new("src/P2PGrpc.Node/P2PGrpc.Node.csproj", @"<Using Include=""P2PGrpc.Node.Links"" />")), allowed: false);

    [Theory]
    [InlineData("P2PGrpc.Node", "Links", "using P2PGrpc.Node.Logs;", true)]
    [InlineData("P2PGrpc.Node", "Wire", "using P2PGrpc.Node.Links;", false)]
    [InlineData("P2PGrpc.Node", "Wire", "using P2PGrpc.Node.Logs;", false)]
    [InlineData("P2PGrpc.Node", "Logs", "using P2PGrpc.Node.Wire;", false)]
    [InlineData("P2PGrpc.Node", "Logs", "using P2PGrpc.Node.Identity;", false)]
    [InlineData("P2PGrpc.Node", "Logs", "using P2PGrpc.Core.Identity;", true)]
    [InlineData("P2PGrpc.Node", "Wire", "using Log = P2PGrpc.Node.Hosting.NodeHost;", false)]
    [InlineData("P2PGrpc.Node", "Wire", "var x = new P2PGrpc.Node.Api.PeerApi();", false)]
    [InlineData("P2PGrpc.Node", "Wire", "// P2PGrpc.Node.Api is only named here", true)]
    [InlineData("P2PGrpc.Node", "Wire", "var x = \"P2PGrpc.Node.Api\";", true)]
    [InlineData("P2PGrpc.Node", "Wire", "global using System;", false)]
    [InlineData("P2PGrpc.Node", "Wire", "namespace P2PGrpc.Node.Hosting;", false)]
    [InlineData("P2PGrpc.Node", "Elsewhere", "", false)]
    [InlineData("P2PGrpc.Core", "Logs", "using P2PGrpc.Core.Identity;", true)]
    [InlineData("P2PGrpc.Core", "Identity", "using P2PGrpc.Core.Logs;", false)]
    public void A_use_of_a_later_folder_is_found(string project, string folder, string code, bool allowed) =>
        Judges(DependencyRules.CheckFolders(new($"src/{project}/{folder}/Sample.cs", code)), allowed);

    [Theory]
    [InlineData("src/P2PGrpc.Node/Wire/FrameReader.cs", "internal sealed class FrameReader;", true)]
    [InlineData("src/P2PGrpc.Core/Identity/Base32.cs", "internal static class Base32;", true)]
    [InlineData("src/P2PGrpc.Node/Logs/Database.cs", "internal sealed class Database;", true)]
    [InlineData("src/P2PGrpc.Node/Wire/FrameHelper.cs", "", false)]
    [InlineData("src/P2PGrpc.Node/Common/Frame.cs", "", false)]
    [InlineData("src/P2PGrpc.Node/Wire/Frame.cs", "internal sealed class LinkManager;", false)]
    [InlineData("src/P2PGrpc.Node/Wire/Frame.cs", "internal abstract record FrameBase;", false)]
    [InlineData("src/P2PGrpc.Node/Wire/Frame.cs", "public readonly record struct StringUtils;", false)]
    [InlineData("src/P2PGrpc.Node/Wire/Frame.cs", "// the class LinkManager is only named here", true)]
    public void A_name_that_says_nothing_is_found(string path, string code, bool allowed) =>
        Judges(CodeRules.CheckNames(new(path, code)), allowed);

    [Theory]
    [InlineData("src/A/B.cs", CodeRules.SourceLines, true)]
    [InlineData("src/A/B.cs", CodeRules.SourceLines + 1, false)]
    [InlineData("tests/A/B.cs", CodeRules.TestLines, true)]
    [InlineData("tests/A/B.cs", CodeRules.TestLines + 1, false)]
    public void A_file_that_is_too_long_is_found(string path, int lines, bool allowed) =>
        Judges(CodeRules.CheckLength(new(path, string.Concat(Enumerable.Repeat("x\n", lines)))), allowed);

    [Theory]
    [InlineData("void Write()", CodeRules.MethodLines, true)]
    [InlineData("void Write()", CodeRules.MethodLines + 1, false)]
    [InlineData("private sealed class Page", CodeRules.MethodLines + 1, true)]
    public void A_method_that_is_too_long_is_found(string header, int lines, bool allowed) => Judges(
        CodeRules.CheckMethods(new("src/A/B.cs", $"    {header}\n    {{\n{string.Concat(Enumerable.Repeat("x\n", lines))}    }}\n")), allowed);

    [Theory]
    [InlineData("// all is well", true)]
    [InlineData("// TO" + "DO: later", false)]
    [InlineData("// FIX" + "ME", false)]
    [InlineData("data=/ho" + "me/somebody/data", false)]
    [InlineData("cd /wo" + "rk/tree", false)]
    public void A_note_of_unfinished_work_and_a_path_of_one_machine_are_found(string line, bool allowed) =>
        Judges(CodeRules.CheckWords(new("docs/sample.md", line)), allowed);

    [Theory]
    [InlineData("var sequence = head.Sequence + 1;", true)]
    [InlineData("/// <summary>Knows no Task and no File.</summary>", true)]
    [InlineData("public Task Store();", false)]
    [InlineData("using System.IO;", false)]
    [InlineData("var now = DateTime.UnixEpoch;", false)]
    [InlineData("var clock = new Stopwatch();", false)]
    [InlineData("Thread.Yield();", false)]
    public void What_is_not_pure_is_found_in_Core(string code, bool allowed) =>
        Judges(CodeRules.CheckPurity(new("src/P2PGrpc.Core/Logs/Sample.cs", code)), allowed);

    [Theory]
    [InlineData("internal sealed class Node;", true)]
    [InlineData("internal static partial class NodeLog\n{\n    [LoggerMessage(1, LogLevel.Error, \"x\")]", true)]
    [InlineData("public sealed partial class Node;", false)]
    public void A_class_in_parts_is_found(string code, bool allowed) => Judges(CodeRules.CheckParts(new("src/P2PGrpc.Node/Hosting/Sample.cs", code)), allowed);

    [Theory]
    [InlineData("/// <summary>A node.</summary>\n[Obsolete]\npublic sealed class Node;", true)]
    [InlineData("internal sealed class Node;", true)]
    [InlineData("public sealed class Node;", false)]
    [InlineData("using System;\n\npublic readonly record struct Node;", false)]
    public void A_public_type_without_documentation_is_found(string code, bool allowed) =>
        Judges(CodeRules.CheckDocumentation(new("src/P2PGrpc.Node/Hosting/Sample.cs", code)), allowed);

    [Theory]
    [InlineData("[the licence](LICENSE) and [elsewhere](https://example.org/x)", true)]
    [InlineData("# A heading, twice\n[up](#a-heading-twice)", true)]
    [InlineData("```\n[in a fence](nowhere.md)\n```", true)]
    [InlineData("[gone](nowhere.md)", false)]
    [InlineData("[gone]: docs/nowhere.md", false)]
    [InlineData("# A heading\n[gone](#another-heading)", false)]
    public void A_link_that_leads_nowhere_is_found(string text, bool allowed) =>
        Judges(DocumentRules.CheckLinks(new("SAMPLE.md", text), Repository.Root), allowed);

    [Theory]
    [InlineData("```sh\nmake build\n```", true)]
    [InlineData("Type `make build`, then `make test ONLY=Tidy`.", true)]
    [InlineData("Nodes\nmake sure that messages arrive.", true)]
    [InlineData("```console\n$ make deploy\n```", false)]
    [InlineData("```sh\nmake deploy   # all of it\n```", false)]
    [InlineData("Type `make deploy`.", false)]
    [InlineData("Type `make deploy ONLY=x`.", false)]
    public void A_make_target_that_does_not_exist_is_found(string text, bool allowed) =>
        Judges(DocumentRules.CheckMakeTargets(new("SAMPLE.md", text), "build: setup\n\t@x\ntest:\n"), allowed);

    private static void Judges(IEnumerable<string> found, bool allowed) => Assert.Equal(allowed, !found.Any());
}

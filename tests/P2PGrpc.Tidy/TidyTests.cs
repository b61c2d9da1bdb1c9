using Xunit;

namespace P2PGrpc.Tidy;

/// <summary>The rules hold in this checkout.</summary>
public sealed class TidyTests
{
    [Fact]
    public void Projects_reference_only_what_the_house_allows() => Holds(
        Repository.Files().Where(file => file.Path.EndsWith(".csproj", StringComparison.Ordinal)), DependencyRules.CheckProject);

    [Fact]
    public void All_projects_are_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Repository.Root, "P2PGrpc.sln"));
        Holds(Repository.Files().Where(file => file.Path.EndsWith(".csproj", StringComparison.Ordinal)),
            project => DependencyRules.CheckSolution(project, solution));
    }

    [Fact]
    public void Folders_use_only_folders_before_them() => Holds(Repository.Code(), DependencyRules.CheckFolders);

    [Fact]
    public void Names_say_what_a_thing_does() => Holds(Repository.Files(), CodeRules.CheckNames);

    [Fact]
    public void Files_have_one_job() => Holds(Repository.Code(), CodeRules.CheckLength);

    [Fact]
    public void Methods_are_short() => Holds(Repository.Code(), CodeRules.CheckMethods);

    [Fact]
    public void No_class_is_in_parts() => Holds(Repository.Code(), CodeRules.CheckParts);

    [Fact]
    public void No_file_notes_unfinished_work_or_names_a_path_of_one_machine() => Holds(Repository.Files(), CodeRules.CheckWords);

    [Fact]
    public void Core_is_pure() => Holds(Repository.Code(), CodeRules.CheckPurity);

    [Fact]
    public void Public_types_are_documented() => Holds(Repository.Code(), CodeRules.CheckDocumentation);

    [Fact]
    public void Links_in_documents_lead_somewhere() =>
        Holds(Repository.Documents(), document => DocumentRules.CheckLinks(document, Repository.Root));

    [Fact]
    public void Make_targets_in_documents_exist()
    {
        var makefile = File.ReadAllText(Path.Combine(Repository.Root, "Makefile"));
        Holds(Repository.Documents(), document => DocumentRules.CheckMakeTargets(document, makefile));
    }

    [Fact]
    public void Planted_bugs_fit_the_code()
    {
        var mutants = Repository.Files().Where(file => file.Path.StartsWith("tests/mutants/", StringComparison.Ordinal)).ToList();
        Assert.True(mutants.Count >= 20, $"only {mutants.Count} bugs are planted");
        Holds(mutants, mutant => MutantRules.Check(
            mutant, path => File.Exists(Path.Combine(Repository.Root, path)) ? File.ReadAllText(Path.Combine(Repository.Root, path)) : null));
    }

    // A rule that looks at nothing would hold for ever, so the files must be there too.
    private static void Holds(IEnumerable<SourceFile> files, Func<SourceFile, IEnumerable<string>> rule)
    {
        var looked = files.ToList();
        Assert.NotEmpty(looked);
        var broken = looked.SelectMany(rule).ToList();
        Assert.True(broken.Count == 0, string.Join('\n', broken));
    }
}

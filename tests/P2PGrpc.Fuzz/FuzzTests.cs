using System.Globalization;
using P2PGrpc.Fuzz.Targets;
using Xunit;

namespace P2PGrpc.Fuzz;

/// <summary>V1, V2: no bytes of others make this project's code throw, hang, or take much memory. P2PGRPC_FUZZ_COUNT sets the inputs of each target,
/// P2PGRPC_FUZZ_SEED where they begin, P2PGRPC_FUZZ_TARGET one target alone.</summary>
public sealed class FuzzTests
{
    /// <summary>Inputs between two words about the progress of a long run.</summary>
    private const int Step = 100_000;

    /// <summary>Each target with the inputs of a usual run, about two seconds' worth.</summary>
    public static TheoryData<string, int> Targets => new()
    {
        { "frame", 30_000 },
        { "header", 60_000 },
        { "body", 150_000 },
        { "certificate", 12_000 },
        { "binding", 200_000 },
        { "name", 300_000 },
        { "ticket", 20_000 },
        { "announcement", 30_000 },
        { "display", 150_000 },
        { "identity-file", 10_000 },
        { "replicator", 2_500 },
    };

    [Theory]
    [MemberData(nameof(Targets))]
    public void No_input_breaks_it(string name, int count)
    {
        if (Read("P2PGRPC_FUZZ_TARGET") is { } only && only != name)
            Assert.Skip($"P2PGRPC_FUZZ_TARGET names {only}.");
        var target = MakeTarget(name);
        using var disposable = target as IDisposable;
        var total = ReadNumber("P2PGRPC_FUZZ_COUNT") ?? count;
        using var run = new FuzzRun(target, [.. Corpus.Read(target), .. target.MakeSeeds()], (int)(ReadNumber("P2PGRPC_FUZZ_SEED") ?? 1), Corpus.Findings);
        for (long done = 0; done < total; done += Step)
        {
            run.Run(Math.Min(Step, total - done), TestContext.Current.CancellationToken);
            TestContext.Current.TestOutputHelper?.WriteLine($"{run}, {Environment.WorkingSet >> 20} MiB");
        }

        Assert.True(run.Accepted > 0, "Nothing was accepted: the inputs reach nothing.");
    }

    [Fact]
    public void The_same_seed_makes_the_same_inputs()
    {
        Assert.Equal(Trace(5), Trace(5));
        Assert.NotEqual(Trace(5), Trace(6));
    }

    /// <summary>A fuzzer that finds nothing must be able to find something.</summary>
    [Theory]
    [InlineData(PlantedFault.Throws, "Index was outside")]
    [InlineData(PlantedFault.Allocates, "bytes were allocated")]
    [InlineData(PlantedFault.Accepts, "planted")]
    public void A_planted_fault_is_found(PlantedFault fault, string message)
    {
        var target = new PlantedTarget(fault);
        using var run = new FuzzRun(target, target.MakeSeeds(), seed: 1);
        Assert.Contains(message, Assert.Throws<FuzzFault>(() => run.Run(200_000, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private static List<string> Trace(int seed)
    {
        var target = new PlantedTarget(PlantedFault.None);
        using var run = new FuzzRun(target, target.MakeSeeds(), seed);
        run.Run(2000, TestContext.Current.CancellationToken);
        return target.Inputs;
    }

    private static FuzzTarget MakeTarget(string name) => name switch
    {
        "frame" => new FrameTarget(),
        "header" => new HeaderTarget(),
        "body" => new BodyTarget(),
        "certificate" => new CertificateTarget(),
        "binding" => new BindingTarget(),
        "name" => new NameTarget(),
        "ticket" => new TicketTarget(),
        "announcement" => new AnnouncementTarget(),
        "display" => new DisplayTarget(),
        "identity-file" => new IdentityFileTarget(),
        "replicator" => new ReplicatorTarget(),
        _ => throw new ArgumentException($"There is no target {name}.", nameof(name)),
    };

    private static string? Read(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? text : null;

    private static long? ReadNumber(string variable) =>
        long.TryParse(Read(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}

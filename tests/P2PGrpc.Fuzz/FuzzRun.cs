using System.Security.Cryptography;

namespace P2PGrpc.Fuzz;

/// <summary>Runs one target on many inputs, made from a seed: the same seed gives the same inputs. Inputs with an outcome that was not seen before are kept to
/// be changed further.</summary>
internal sealed class FuzzRun(FuzzTarget target, IEnumerable<byte[]> corpus, int seed, string? findings = null) : IDisposable
{
    /// <summary>No input may take longer. Far above what any takes, so that a busy machine is no fault.</summary>
    private static readonly TimeSpan LongestTime = TimeSpan.FromSeconds(20);

    private const int KeptInputs = 4000;

    private readonly Random random = new(seed);
    private readonly List<byte[]> pool = [.. corpus];
    private readonly HashSet<string> outcomes = new(StringComparer.Ordinal);
    private readonly TimeProvider time = TimeProvider.System;
    private ITimer? watchdog;
    private byte[]? running;
    private long startedAt;

    public long Inputs { get; private set; }

    public long Accepted { get; private set; }

    public long MostAllocated { get; private set; }

    public TimeSpan Longest { get; private set; }

    public int Outcomes => outcomes.Count;

    /// <summary>Runs the corpus as it is, then so many inputs made from it.</summary>
    /// <exception cref="FuzzFault">An input broke something. It was written to a file that the message names.</exception>
    public void Run(long count, CancellationToken cancellationToken)
    {
        watchdog ??= time.CreateTimer(_ => LookForHang(), null, LongestTime, LongestTime);
        if (Inputs == 0)
        {
            // What is made only once, at the first use, counts for no input.
            foreach (var input in pool)
                Try(input);
            foreach (var input in pool.ToList())
                RunOne(input);
        }

        for (var end = Inputs + count; Inputs < end; cancellationToken.ThrowIfCancellationRequested())
            RunOne(Make());
    }

    public void Dispose() => watchdog?.Dispose();

    public override string ToString() =>
        $"{target.Name}: {Inputs} inputs, {Accepted} accepted, {Outcomes} outcomes, longest {Longest.TotalMilliseconds:0} ms, at most {MostAllocated / 1024} KiB allocated";

    private byte[] Make()
    {
        var input = pool[random.Next(pool.Count)];
        if (random.Next(2) == 0 && target.Vary(random, input) is { } varied)
            return varied.Length <= target.MaximumLength ? varied : varied[..target.MaximumLength];
        return ByteMutator.Mutate(random, input, pool[random.Next(pool.Count)], target.MaximumLength);
    }

    private void RunOne(byte[] input)
    {
        startedAt = time.GetTimestamp();
        Volatile.Write(ref running, input);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var outcome = Try(input);
        var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Volatile.Write(ref running, null);
        if (allocated > target.AllocationLimit(input.Length))
            throw Fail(input, $"{allocated} bytes were allocated for {input.Length} bytes of input.", null);
        Count(input, outcome, allocated, time.GetElapsedTime(startedAt));
    }

    private string Try(byte[] input)
    {
        try
        {
            return target.Run(input);
        }
        catch (Exception exception)
        {
            throw Fail(input, exception.Message, exception);
        }
    }

    private void Count(byte[] input, string outcome, long allocated, TimeSpan elapsed)
    {
        Inputs++;
        if (outcome.StartsWith("accepted", StringComparison.Ordinal))
            Accepted++;
        MostAllocated = Math.Max(MostAllocated, allocated);
        Longest = elapsed > Longest ? elapsed : Longest;
        if (outcomes.Add(outcome) && pool.Count < KeptInputs)
            pool.Add(input);
    }

    private void LookForHang()
    {
        if (Volatile.Read(ref running) is { } input && time.GetElapsedTime(startedAt) > LongestTime)
            Environment.FailFast(Fail(input, $"An input ran for more than {LongestTime.TotalSeconds} s.", null).Message);
    }

    private FuzzFault Fail(byte[] input, string fault, Exception? exception)
    {
        var name = $"{target.Name}-{Convert.ToHexStringLower(SHA256.HashData(input))[..12]}.bin";
        if (findings is not null)
        {
            Directory.CreateDirectory(findings);
            File.WriteAllBytes(Path.Combine(findings, name), input);
        }

        return new FuzzFault(
            $"{target.Name}, seed {seed}, input {Inputs}: {fault} The input is {name}; put it into testdata/fuzz/{target.Name}/ to run it again with every test.", exception);
    }
}

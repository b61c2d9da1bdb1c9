namespace P2PGrpc.Fuzz;

/// <summary>Code that takes bytes from others, and what must hold whatever they are. Used by one thread at a time.</summary>
internal abstract class FuzzTarget
{
    /// <summary>Names the folder of its corpus.</summary>
    public abstract string Name { get; }

    /// <summary>The longest input that is made.</summary>
    public virtual int MaximumLength => 4096;

    /// <summary>Valid inputs to begin with.</summary>
    public abstract IEnumerable<byte[]> MakeSeeds();

    /// <summary>The bytes that may be allocated for an input of this length: more means that somebody small can cost much.</summary>
    public virtual long AllocationLimit(int length) => 64 * 1024 + 32L * length;

    /// <summary>Changes an input in a way that fits its form; null to change its bytes only.</summary>
    public virtual byte[]? Vary(Random random, byte[] input) => null;

    /// <summary>Runs one input.</summary>
    /// <returns>What became of it in a few words: an input with a new outcome joins the corpus of the run. Begins with "accepted" if it was taken.</returns>
    /// <exception cref="FuzzFault">Something that must hold does not. Any other exception is a fault too.</exception>
    public abstract string Run(byte[] input);

    protected static void Require(bool holds, string rule)
    {
        if (!holds)
            throw new FuzzFault(rule);
    }
}

/// <summary>An input shows that something does not hold.</summary>
internal sealed class FuzzFault(string message, Exception? inner = null) : Exception(message, inner);

namespace P2PGrpc.Core.Overlay;

/// <summary>Draws that repeat from a seed (SplitMix64). Good for choosing neighbours, not for secrets. Not thread-safe.</summary>
internal sealed class SeededDraw(ulong seed)
{
    private ulong state = seed;

    /// <summary>A number from 0 below the given one.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>One of the items that fit, each as likely as the others; null if none does.</summary>
    public T? Pick<T>(IEnumerable<T> items, Func<T, bool> fits)
        where T : class
    {
        T? picked = null;
        var seen = 0;
        foreach (var item in items)
            if (fits(item) && Below(++seen) == 0)
                picked = item;
        return picked;
    }

    /// <summary>Some of the items, at most so many, each as likely as the others, in any order.</summary>
    public List<T> Sample<T>(IEnumerable<T> items, int most)
    {
        var sample = new List<T>(most);
        var seen = 0;
        foreach (var item in items)
        {
            seen++;
            if (sample.Count < most)
                sample.Add(item);
            else if (Below(seen) is var place && place < most)
                sample[place] = item;
        }

        return sample;
    }

    /// <summary>A time between half of the given one and one and a half.</summary>
    public TimeSpan Around(TimeSpan time) => time / 2 + time * ((Next() >> 11) / (double)(1UL << 53));

    private ulong Next()
    {
        state += 0x9E3779B97F4A7C15;
        var mixed = state;
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return mixed ^ (mixed >> 31);
    }
}

namespace P2PGrpc.Fuzz.Targets;

/// <summary>The replicator among peers that say anything that is well-formed: the input's bytes are the choices that a <see cref="HostileWorld"/> makes.</summary>
internal sealed class ReplicatorTarget : FuzzTarget
{
    private const int MostSteps = 600;

    public override string Name => "replicator";

    /// <summary>Each step draws some bytes; what it costs is bounded by the world's own limits.</summary>
    public override long AllocationLimit(int length) => 8 * 1024 * 1024;

    public override IEnumerable<byte[]> MakeSeeds()
    {
        for (var seed = 1; seed <= 12; seed++)
        {
            var bytes = new byte[1500];
            new Random(seed).NextBytes(bytes);
            yield return bytes;
        }
    }

    public override string Run(byte[] input)
    {
        var choices = new ByteRandom(input);
        var world = new HostileWorld(choices);
        for (var step = 0; step < MostSteps && !choices.Used; step++)
            world.Step();
        world.Finish();
        return $"accepted {string.Join(' ', world.Seen.Select(kind => $"{kind.Key}{int.Log2(kind.Value)}"))}";
    }

    /// <summary>Random numbers that are the bytes of an input, and zeros at its end.</summary>
    private sealed class ByteRandom(byte[] bytes) : Random
    {
        private int at;

        public bool Used => at >= bytes.Length;

        public override int Next() => (int)(Take(sizeof(int)) & int.MaxValue);

        public override int Next(int maxValue) => maxValue <= 1 ? 0 : (int)(Take(maxValue <= 256 ? 1 : 2) % maxValue);

        public override int Next(int minValue, int maxValue) => minValue + Next(maxValue - minValue);

        public override long NextInt64() => Take(sizeof(long)) & long.MaxValue;

        private long Take(int count)
        {
            long value = 0;
            for (; count > 0; count--)
                value = (value << 8) | (at < bytes.Length ? bytes[at++] : (byte)0);
            return value;
        }
    }
}

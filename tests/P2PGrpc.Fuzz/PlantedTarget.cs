namespace P2PGrpc.Fuzz;

/// <summary>What a <see cref="PlantedTarget"/> does wrong.</summary>
public enum PlantedFault
{
    None,

    /// <summary>It reads beyond the end.</summary>
    Throws,

    /// <summary>It believes a length.</summary>
    Allocates,

    /// <summary>It takes what has more behind its end.</summary>
    Accepts,
}

/// <summary>A small parser with a fault that a few inputs in a thousand reach: [length][that many bytes][check].</summary>
internal sealed class PlantedTarget(PlantedFault fault) : FuzzTarget
{
    public override string Name => "planted";

    /// <summary>The inputs so far.</summary>
    public List<string> Inputs { get; } = [];

    public override IEnumerable<byte[]> MakeSeeds() => [[3, 1, 2, 3, 6]];

    public override string Run(byte[] input)
    {
        if (fault == PlantedFault.None)
            Inputs.Add(Convert.ToHexString(input));
        if (input.Length < 2)
            return "short";
        var length = input[0];
        if (fault == PlantedFault.Allocates && length == 0xFF)
            GC.KeepAlive(new byte[1 << 20]);
        if (length + 2 > input.Length && fault != PlantedFault.Throws)
            return "cut";
        byte sum = 0;
        for (var at = 1; at <= length; at++)
            sum += input[at];
        var matches = sum == input[length + 1];
        Require(fault != PlantedFault.Accepts || !matches || input.Length == length + 2, "a planted rule is broken: there is more behind the end");
        return matches ? "accepted" : "wrong";
    }
}

using System.Buffers.Binary;

namespace P2PGrpc.Fuzz;

/// <summary>Changes bytes at random: flips, edge values, lengths, chunks that move, double or vanish, and splices of two inputs. The same random numbers give
/// the same bytes.</summary>
internal static class ByteMutator
{
    private static readonly long[] Edges =
    [
        0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, int.MaxValue, int.MinValue, uint.MaxValue, long.MaxValue, long.MinValue, -1,
        1L << 53, (1L << 53) - 1, 4096, 4097, 196_608, 196_609,
    ];

    public static byte[] Mutate(Random random, byte[] input, byte[] other, int maximumLength)
    {
        var bytes = input;
        for (var times = 1 + random.Next(4); times > 0; times--)
            bytes = MutateOnce(random, bytes, other);
        return bytes.Length <= maximumLength ? bytes : bytes[..maximumLength];
    }

    private static byte[] MutateOnce(Random random, byte[] bytes, byte[] other)
    {
        if (bytes.Length == 0)
            return [(byte)random.Next(256)];
        var at = random.Next(bytes.Length);
        var length = Math.Min(bytes.Length - at, 1 + random.Next(random.Next(4) == 0 ? 256 : 8));
        switch (random.Next(9))
        {
            case 0:
                return Set(bytes, at, (byte)(bytes[at] ^ (1 << random.Next(8))));
            case 1:
                return Set(bytes, at, (byte)random.Next(256));
            case 2:
                return [.. bytes[..at], .. WriteVarint(Edges[random.Next(Edges.Length)]), .. bytes[(at + 1)..]];
            case 3:
                return WriteInteger(random, bytes, at);
            case 4:
                return [.. bytes[..at], .. bytes[(at + length)..]];
            case 5:
                return [.. bytes[..(at + length)], .. bytes[at..]];
            case 6:
                var insert = new byte[length];
                random.NextBytes(insert);
                return [.. bytes[..at], .. insert, .. bytes[at..]];
            case 7 when other.Length > 0:
                return [.. bytes[..at], .. other[random.Next(other.Length)..]];
            default:
                return bytes[..at];
        }
    }

    public static byte[] WriteVarint(long value)
    {
        var bytes = new List<byte>();
        var rest = (ulong)value;
        for (; rest > 0x7F; rest >>= 7)
            bytes.Add((byte)(rest | 0x80));
        bytes.Add((byte)rest);
        return [.. bytes];
    }

    public static long DrawEdge(Random random) => Edges[random.Next(Edges.Length)] + random.Next(-1, 2);

    private static byte[] Set(byte[] bytes, int at, byte value)
    {
        var copy = bytes.ToArray();
        copy[at] = value;
        return copy;
    }

    private static byte[] WriteInteger(Random random, byte[] bytes, int at)
    {
        Span<byte> integer = stackalloc byte[sizeof(long)];
        if (random.Next(2) == 0)
            BinaryPrimitives.WriteInt64LittleEndian(integer, DrawEdge(random));
        else
            BinaryPrimitives.WriteInt64BigEndian(integer, DrawEdge(random));
        var copy = bytes.ToArray();
        integer[..Math.Min(1 << random.Next(4), bytes.Length - at)].CopyTo(copy.AsSpan(at));
        return copy;
    }
}

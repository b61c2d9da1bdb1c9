namespace P2PGrpc.Core.Logs;

/// <summary>Protobuf's variable-length numbers, for bodies and messages that are written and taken apart without objects. Pure.</summary>
internal static class Varint
{
    private const int LongestLength = 10;

    /// <summary>Writes a number to the front.</summary>
    /// <returns>How many bytes it took.</returns>
    public static int Write(Span<byte> target, uint value)
    {
        var at = 0;
        while (value > 0x7F)
        {
            target[at++] = (byte)(value | 0x80);
            value >>= 7;
        }

        target[at++] = (byte)value;
        return at;
    }

    /// <summary>Takes a number off the front. False, and nothing taken, where it is cut or too long.</summary>
    public static bool TryTake(ref ReadOnlySpan<byte> rest, out ulong value)
    {
        value = 0;
        for (var index = 0; index < Math.Min(LongestLength, rest.Length); index++)
        {
            value |= (ulong)(rest[index] & 0x7F) << (7 * index);
            if (rest[index] >= 0x80)
                continue;
            rest = rest[(index + 1)..];
            return true;
        }

        return false;
    }
}

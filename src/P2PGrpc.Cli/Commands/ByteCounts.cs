using System.Globalization;
using P2PGrpc.Cli.Run;

namespace P2PGrpc.Cli.Commands;

/// <summary>Numbers of bytes on the command line: 500M, 2G, 1.5T, or a plain number; K, M, G and T are powers of 1024.</summary>
internal static class ByteCounts
{
    /// <summary>How they are written, for messages.</summary>
    public const string Form = "write a number of bytes, or one with K, M, G or T, such as 500M";

    private const string Units = "KMGT";

    public static bool TryParse(string text, out long bytes)
    {
        var number = text.EndsWith("iB", StringComparison.Ordinal) ? text[..^2] : text.EndsWith('B') ? text[..^1] : text;
        var read = Sizes.TryRead(number, out var size) && size is > 0 and < 9e18;
        bytes = read ? (long)size : 0;
        return read;
    }

    public static string Describe(ulong bytes)
    {
        var unit = 0;
        var value = (double)bytes;
        for (; value >= 1024 && unit < Units.Length; unit++)
            value /= 1024;
        return unit == 0
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes")
            : string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {Units[unit - 1]}iB");
    }
}

using System.Globalization;

namespace P2PGrpc.Cli.Run;

/// <summary>Sizes in bytes as people write them: 500K, 64M, 1.5G, 2T, or off for no bound.</summary>
internal static class Sizes
{
    public const string None = "off";

    private const string Units = "KMGT";
    private const int UnitBits = 10;

    /// <summary>Far beyond any disk, and far below what a number holds.</summary>
    private const double Largest = 1L << 60;

    /// <summary>False if the text is no size. Null for none.</summary>
    public static bool TryParse(string text, out long? bytes)
    {
        bytes = null;
        if (text == None)
            return true;
        var unit = text.Length > 0 ? Units.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal) : -1;
        var number = unit < 0 ? text : text[..^1];
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            return false;
        var size = value * (1L << (UnitBits * (unit + 1)));
        bytes = size <= Largest ? (long)size : null;
        return bytes is not null;
    }
}

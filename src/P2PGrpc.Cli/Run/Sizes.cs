using System.Globalization;

namespace P2PGrpc.Cli.Run;

/// <summary>Sizes in bytes as people write them: 500K, 64M, 1.5G, 2T, or off for no bound.</summary>
internal static class Sizes
{
    private const string None = "off";

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
        if (!TryRead(text, out var size))
            return false;
        bytes = size <= Largest ? (long)size : null;
        return bytes is not null;
    }

    /// <summary>Reads a number with or without a unit. What range is allowed is for the caller to say. False if the text is neither.</summary>
    public static bool TryRead(string text, out double size)
    {
        var unit = text.Length > 0 ? Units.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal) : -1;
        var isNumber = double.TryParse(unit < 0 ? text : text[..^1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value);
        size = value * (1L << (UnitBits * (unit + 1)));
        return isNumber;
    }
}

using System.Globalization;

namespace P2PGrpc.Cli.Commands;

/// <summary>Sizes as people write them: a number of bytes, or one with K, M, G or T, which are powers of 1024: 500M, 1.5G, 2TB, 64KiB.</summary>
internal static class ByteCounts
{
    /// <summary>How they are written, for messages and helps.</summary>
    public const string Form = "a number of bytes, or one with K, M, G or T, such as 500M";

    /// <summary>The word for no limit.</summary>
    public const string None = "off";

    private const string Units = "KMGT";
    private const int UnitBits = 10;

    /// <summary>Far beyond any disk, and far below what a number holds.</summary>
    private const double Largest = 1L << 60;

    /// <summary>Reads a size. What range makes sense is for the caller to say. False if the text is none.</summary>
    public static bool TryParse(string text, out long bytes)
    {
        var (digits, bits) = TakeUnit(text);
        var read = double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value * (1L << bits) <= Largest;
        bytes = read ? (long)(value * (1L << bits)) : 0;
        return read;
    }

    /// <summary>The same where there may be no limit: then null.</summary>
    public static bool TryParse(string text, out long? bytes)
    {
        var read = TryParse(text, out long size);
        bytes = read ? size : null;
        return read || text == None;
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

    private static (string Digits, int Bits) TakeUnit(string text)
    {
        var number = text.EndsWith('B') || text.EndsWith('b') ? text[..^1] : text;
        var unit = FindUnit(number);
        if (unit < 0 && number.Length < text.Length && number.EndsWith('i') && FindUnit(number[..^1]) >= 0)
            (number, unit) = (number[..^1], FindUnit(number[..^1]));
        return unit < 0 ? (number, 0) : (number[..^1], UnitBits * (unit + 1));
    }

    private static int FindUnit(string text) => text.Length > 0 ? Units.IndexOf(char.ToUpperInvariant(text[^1]), StringComparison.Ordinal) : -1;
}

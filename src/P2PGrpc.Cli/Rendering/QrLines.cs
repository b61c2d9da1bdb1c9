using QRCoder;

namespace P2PGrpc.Cli.Rendering;

/// <summary>A QR code for the terminal: two modules a character, dark on light whatever the terminal's colours, where it has any.</summary>
internal static class QrLines
{
    public static IEnumerable<string> Create(string text)
    {
        // In capitals it is encoded as letters and digits, which takes less room than bytes; tickets may be read in either.
        using var code = QRCodeGenerator.GenerateQrCode(text.ToUpperInvariant(), QRCodeGenerator.ECCLevel.L);
        var modules = code.ModuleMatrix;
        for (var row = 0; row < modules.Count; row += 2)
            yield return string.Concat(Enumerable.Range(0, modules.Count).Select(column => Draw(
                modules[row][column], row + 1 < modules.Count && modules[row + 1][column])));
    }

    // Light modules are drawn, so that the code is dark on light where text is light on dark. Readers take the other way round as well.
    private static char Draw(bool isUpperDark, bool isLowerDark) => (isUpperDark, isLowerDark) switch
    {
        (false, false) => '█',
        (false, true) => '▀',
        (true, false) => '▄',
        _ => ' ',
    };
}

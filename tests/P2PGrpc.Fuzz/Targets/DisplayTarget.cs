using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>Texts of others on the way to a terminal or a log (A5). The input is UTF-16, so that unpaired surrogates come too.</summary>
internal sealed class DisplayTarget : FuzzTarget
{
    private const int Longest = 200;

    public override string Name => "display";

    private static readonly string[] Texts =
    [
        "plain", "\u001b[2J\u001b]0;title\a", "a\r\nb\u2028c", "\u202Eevil\u2066\u200B\uFEFF", "👩‍👩‍👧 ‍x", "\uD800 \uDC00", "मानक हिन्दी‍",
    ];

    public override IEnumerable<byte[]> MakeSeeds() => Texts.Select(text => MemoryMarshal.AsBytes(text.AsSpan()).ToArray());

    public override string Run(byte[] input)
    {
        var text = new string(MemoryMarshal.Cast<byte, char>(input.AsSpan(0, input.Length & ~1)));
        var shown = DisplayText.Clean(text, Longest);
        Require(shown.Length <= Longest, "A text stays short.");
        var previous = default(Rune);
        for (var rest = shown.AsSpan(); !rest.IsEmpty;)
        {
            Require(Rune.DecodeFromUtf16(rest, out var rune, out var consumed) == System.Buffers.OperationStatus.Done, "A5: half a character is shown.");
            var category = Rune.GetUnicodeCategory(rune);
            Require(
                category is not (UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator),
                "A5: a control character is shown.");
            Require(category != UnicodeCategory.Format || (rune.Value is 0x200C or 0x200D && !previous.IsAscii), "A5: a hidden character is shown.");
            previous = rune;
            rest = rest[consumed..];
        }

        return shown == text ? "accepted" : shown.EndsWith('…') ? "cut" : "escaped";
    }
}

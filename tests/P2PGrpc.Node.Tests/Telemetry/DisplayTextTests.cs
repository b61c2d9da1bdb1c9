using System.Globalization;
using System.Text;
using CsCheck;
using P2PGrpc.Node.Telemetry;
using Xunit;

namespace P2PGrpc.Node.Tests.Telemetry;

/// <summary>A5: nothing that others wrote moves a cursor or hides.</summary>
public sealed class DisplayTextTests
{
    [Theory]
    [InlineData("plain text", "plain text")]
    [InlineData("Grüße, 世界, שלום", "Grüße, 世界, שלום")]
    [InlineData("a\u001b[31mb", "a\\u{1B}[31mb")]
    [InlineData("line\r\nbreak", "line\\u{D}\\u{A}break")]
    [InlineData("\0", "\\u{0}")]
    [InlineData("\u009b2J", "\\u{9B}2J")]
    [InlineData("a\u202Eb\u2066c\u200Ed\u061Ce", "a\\u{202E}b\\u{2066}c\\u{200E}d\\u{61C}e")]
    [InlineData("a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c")]
    [InlineData("soft\u00ADhyphen\uFEFF", "soft\\u{AD}hyphen\\u{FEFF}")]
    [InlineData("hi\u200Dden", "hi\\u{200D}den")]
    [InlineData("\u202E\u200Dden", "\\u{202E}\\u{200D}den")]
    [InlineData("\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67 \u2764\ufe0f", "\ud83d\udc68\u200d\ud83d\udc69\u200d\ud83d\udc67 \u2764\ufe0f")]
    [InlineData("x\udb40\udc41", "x\\u{E0041}")]
    public void A5_dangerous_characters_become_visible(string text, string expected) =>
        Assert.Equal(expected, DisplayText.Clean(text, 100));

    [Fact]
    public void A5_unpaired_surrogates_become_visible() =>
        Assert.Equal("a\\u{D800}b\\u{DC00}", DisplayText.Clean("a\ud800b\udc00", 100));

    [Theory]
    [InlineData("abcdef", 6, "abcdef")]
    [InlineData("abcdef", 5, "abcd…")]
    [InlineData("abcdef", 1, "…")]
    [InlineData("a", 1, "a")]
    [InlineData("abc\u001b", 6, "abc…")]
    [InlineData("ab\ud83d\ude00", 3, "ab…")]
    public void Long_text_is_cut_between_characters(string text, int maximum, string expected) =>
        Assert.Equal(expected, DisplayText.Clean(text, maximum));

    [Fact]
    public void A5_no_text_leaves_anything_dangerous_or_too_long() =>
        Gen.Select(Gen.Char.Array[0, 60], Gen.Int[1, 80]).Sample((characters, maximum) =>
        {
            var clean = DisplayText.Clean(new string(characters), maximum);
            return clean.Length <= maximum
                && clean.EnumerateRunes().All(rune => rune.Value is 0x200C or 0x200D || !IsDangerous(rune))
                && new UTF8Encoding(false, throwOnInvalidBytes: true).GetByteCount(clean) >= 0;
        });

    private static bool IsDangerous(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
}

using System.Globalization;
using System.Text;

namespace P2PGrpc.Cli.Rendering;

/// <summary>What a person is typing, key by key, and how one row of the screen shows it. Pure.</summary>
internal sealed class TypedLine
{
    /// <summary>Takes the row off the screen.</summary>
    public const string Erase = "\r\u001b[2K";

    private const string Mark = "> ";

    private readonly StringBuilder text = new();

    public string Text => text.ToString();

    public void Clear() => text.Clear();

    /// <summary>Takes one key: a character is added; backspace takes the last whole character away, Ctrl-W the last word, Ctrl-U all. Others do nothing, and so does
    /// what would make the line longer than any message.</summary>
    public void Press(ConsoleKeyInfo key)
    {
        if (key.Key == ConsoleKey.Backspace)
            Cut(StringInfo.ParseCombiningCharacters(Text).LastOrDefault());
        else if (key.Modifiers == ConsoleModifiers.Control && key.Key == ConsoleKey.W)
            Cut(Text.TrimEnd().LastIndexOf(' ') + 1);
        else if (key.Modifiers == ConsoleModifiers.Control && key.Key == ConsoleKey.U)
            Cut(0);
        else if (!char.IsControl(key.KeyChar) && text.Length < InputText.LargestBody)
            text.Append(key.KeyChar);
    }

    /// <summary>The row: of a text that is too long, its end.</summary>
    /// <param name="columns">The screen's width.</param>
    public string Draw(int columns)
    {
        var room = Math.Max(1, columns - Mark.Length - 1);
        var shown = new StringBuilder();
        foreach (var rune in Text.EnumerateRunes().Reverse())
        {
            room -= CountColumns(rune);
            if (room < 0)
                break;
            shown.Insert(0, rune.ToString());
        }

        return Erase + Mark + shown;
    }

    private void Cut(int length) => text.Length = Math.Min(length, text.Length);

    // East Asian characters and emoji take two columns. One too many here only shows a little less of a long text.
    private static int CountColumns(Rune rune) => rune.Value switch
    {
        < 0x1100 => 1,
        >= 0x2000 and < 0x2E80 => 1,
        _ => 2,
    };
}

using System.Text;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace P2PGrpc.Cli.Rendering;

/// <summary>A line of text in pieces, each with a style. No piece is ever read as markup.</summary>
internal sealed class StyledLine
{
    public static readonly Style Dim = new(decoration: Decoration.Dim);
    public static readonly Style Name = new(Color.Aqua);
    public static readonly Style Own = new(Color.Green);
    public static readonly Style Alarm = new(Color.Yellow);

    private readonly List<(string Text, Style? Style)> pieces = [];

    /// <summary>The line without styles.</summary>
    public string Plain
    {
        get
        {
            var text = new StringBuilder();
            foreach (var piece in pieces)
                text.Append(piece.Text);
            return text.ToString();
        }
    }

    public StyledLine Add(string text, Style? style = null)
    {
        pieces.Add((text, style));
        return this;
    }

    public IRenderable ToRenderable()
    {
        var paragraph = new Paragraph();
        foreach (var (text, style) in pieces)
            paragraph.Append(text, style ?? Style.Plain);
        return paragraph;
    }
}

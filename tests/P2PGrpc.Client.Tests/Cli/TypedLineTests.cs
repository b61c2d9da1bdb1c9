using P2PGrpc.Cli.Rendering;
using Xunit;

namespace P2PGrpc.Client.Tests.Cli;

public sealed class TypedLineTests
{
    [Fact]
    public void Keys_make_a_line_and_whole_characters_are_taken_away()
    {
        var line = Type("one two ü👋");
        line.Press(new ConsoleKeyInfo('\0', ConsoleKey.LeftArrow, false, false, false));
        Assert.Equal("one two ü👋", line.Text);
        line.Press(Backspace);
        Assert.Equal("one two ü", line.Text);
        line.Press(new ConsoleKeyInfo('\u0017', ConsoleKey.W, false, false, true));
        Assert.Equal("one two ", line.Text);
        line.Press(new ConsoleKeyInfo('\u0015', ConsoleKey.U, false, false, true));
        line.Press(Backspace);
        Assert.Equal("", line.Text);
    }

    [Theory]
    [InlineData("hello", 20, "hello")]
    [InlineData("0123456789", 8, "56789")]
    [InlineData("日本語テキスト", 9, "キスト")]
    [InlineData("", 1, "")]
    public void The_row_never_grows_over_the_edge_and_shows_the_end(string text, int columns, string shown) =>
        Assert.Equal(TypedLine.Erase + "> " + shown, Type(text).Draw(columns));

    private static ConsoleKeyInfo Backspace => new('\b', ConsoleKey.Backspace, false, false, false);

    private static TypedLine Type(string text)
    {
        var line = new TypedLine();
        foreach (var character in text)
            line.Press(new ConsoleKeyInfo(character, ConsoleKey.None, false, false, false));
        return line;
    }
}

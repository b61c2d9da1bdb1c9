namespace P2PGrpc.Cli.Rendering;

/// <summary>The row at the bottom of a chat: what is typed stays there, whole, while lines come in above it. Where nobody types on a screen, lines are
/// read and written as they come. Thread-safe; one task reads.</summary>
internal sealed class Prompt(Surroundings surroundings)
{
    private readonly Lock screen = new();
    private readonly TypedLine typed = new();
    private readonly Lazy<InputLines> input = new(() => new InputLines(surroundings.OpenInput()));
    private bool shown;

    private bool IsOnScreen => surroundings is { ReadKey: not null, Colors: true };

    /// <summary>The next line that is typed or piped in; null at the end. Blocks, and can't be cancelled. A typed line is taken off the screen: whoever
    /// reads it shows what became of it.</summary>
    public string? ReadLine()
    {
        if (!IsOnScreen)
            return input.Value.Read();
        Change(() => shown = true);
        while (true)
        {
            var key = surroundings.ReadKey!();
            var ended = key is { Key: ConsoleKey.D, Modifiers: ConsoleModifiers.Control } && typed.Text.Length == 0;
            if (!ended && key.Key != ConsoleKey.Enter)
            {
                Change(() => typed.Press(key));
                continue;
            }

            var line = typed.Text;
            Change(() =>
            {
                typed.Clear();
                shown = !ended;
            });
            return ended ? null : line;
        }
    }

    /// <summary>Writes lines above what is being typed.</summary>
    public void Write(params IEnumerable<StyledLine> lines) => Change(() =>
    {
        foreach (var line in lines)
            surroundings.Write(line);
    });

    /// <summary>Takes the row away, for what is written after the chat.</summary>
    public void Close() => Change(() => shown = false);

    private void Change(Action change)
    {
        lock (screen)
        {
            if (shown)
                surroundings.WriteRaw(TypedLine.Erase);
            change();
            if (shown)
                surroundings.WriteRaw(typed.Draw(surroundings.Columns()));
        }
    }
}

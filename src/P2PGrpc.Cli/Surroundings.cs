using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using P2PGrpc.Cli.Rendering;
using Spectre.Console;

namespace P2PGrpc.Cli;

/// <summary>All that a command touches besides its node: the three streams, the environment and the clock.</summary>
internal sealed class Surroundings
{
    // A node answers such calls from memory; adding a peer may dial it.
    private static readonly TimeSpan ShortCall = TimeSpan.FromSeconds(15);

    public required TextWriter Output { get; init; }

    public required TextWriter Error { get; init; }

    /// <summary>Standard input, as bytes.</summary>
    public required Func<Stream> OpenInput { get; init; }

    public required Func<string, string?> Environment { get; init; }

    /// <summary>The names of all variables of the environment.</summary>
    public Func<IEnumerable<string>> VariableNames { get; init; } = () => [];

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The next key that a person presses, not shown by itself; null if nobody types.</summary>
    public Func<ConsoleKeyInfo>? ReadKey { get; init; }

    /// <summary>How wide the screen is now.</summary>
    public Func<int> Columns { get; init; } = () => 80;

    /// <summary>What SIGHUP means here.</summary>
    public HangupSignal Hangup { get; } = new();

    /// <summary>Whether any of the three streams is a terminal, which may go away.</summary>
    public bool IsAttended { get; init; } = true;

    /// <summary>Whether a person reads, on something that understands colours and tables.</summary>
    public bool Colors { get; init; }

    /// <summary>When a short call to the node should have been answered.</summary>
    public DateTime Deadline() => Time.GetUtcNow().UtcDateTime + ShortCall;

    /// <summary>The streams of this process.</summary>
    public static Surroundings OfProcess()
    {
        var plain = Console.IsOutputRedirected
            || System.Environment.GetEnvironmentVariable("NO_COLOR") is { Length: > 0 }
            || System.Environment.GetEnvironmentVariable("TERM") is "dumb";
        return new Surroundings
        {
            Output = new StreamWriter(OpenOutput(), new UTF8Encoding(false)) { AutoFlush = false },
            Error = new StreamWriter(new ErrorStream(Console.OpenStandardError()), new UTF8Encoding(false)) { AutoFlush = true },
            OpenInput = Console.OpenStandardInput,
            Environment = System.Environment.GetEnvironmentVariable,
            VariableNames = () => System.Environment.GetEnvironmentVariables().Keys.OfType<string>(),
            ReadKey = Console.IsInputRedirected ? null : () => Console.ReadKey(intercept: true),
            Columns = FindColumns,
            Colors = !plain,
            IsAttended = !Console.IsInputRedirected || !Console.IsOutputRedirected || !Console.IsErrorRedirected,
        };
    }

    /// <summary>Writes one line, flushed, in colours if somebody sees them.</summary>
    /// <exception cref="OutputClosedException">Nobody reads any more.</exception>
    /// <exception cref="OutputFailedException">It can't be written.</exception>
    public void Write(StyledLine line)
    {
        if (Colors)
            Attempt(() => WriteStyled(line));
        else
            Write(line.Plain);
    }

    /// <summary>Writes one line, flushed.</summary>
    /// <exception cref="OutputClosedException">Nobody reads any more.</exception>
    /// <exception cref="OutputFailedException">It can't be written.</exception>
    public void Write(string line) => Attempt(() =>
    {
        Output.Write(line);
        Output.Write('\n');
        Output.Flush();
    });

    /// <summary>Writes a table or the like for people.</summary>
    /// <exception cref="OutputClosedException">Nobody reads any more.</exception>
    /// <exception cref="OutputFailedException">It can't be written.</exception>
    public void Write(Spectre.Console.Rendering.IRenderable renderable) => Attempt(() =>
    {
        var console = OpenConsole();
        console.Profile.Width = Columns();
        console.Write(renderable);
        Output.Flush();
    });

    /// <summary>Writes text that may move the cursor, flushed. Never what a peer wrote.</summary>
    /// <exception cref="OutputClosedException">Nobody reads any more.</exception>
    /// <exception cref="OutputFailedException">It can't be written.</exception>
    public void WriteRaw(string text) => Attempt(() =>
    {
        Output.Write(text);
        Output.Flush();
    });

    private void WriteStyled(StyledLine line)
    {
        var console = OpenConsole();
        // The terminal wraps by itself: Spectre's own wrapping would put line ends into what people copy.
        console.Profile.Width = int.MaxValue / 2;
        console.Write(line.ToRenderable());
        Output.Write('\n');
        Output.Flush();
    }

    private IAnsiConsole OpenConsole() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(Output),
        Ansi = Colors ? AnsiSupport.Yes : AnsiSupport.No,
        ColorSystem = Colors ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        Interactive = InteractionSupport.No,
    });

    private static void Attempt(Action write)
    {
        try
        {
            write();
        }
        catch (Exception fault) when (OutputFailedException.Covers(fault))
        {
            throw OutputFailedException.Explain(fault);
        }
    }

    // As with other programs, a person's own word outranks what the terminal says.
    private static int FindColumns()
    {
        var given = System.Environment.GetEnvironmentVariable("COLUMNS");
        if (int.TryParse(given, NumberStyles.None, CultureInfo.InvariantCulture, out var columns) && columns > 0)
            return columns;
        return Console.WindowWidth is > 0 and var width ? width : 80;
    }

    // The console's own stream hides that its reader is gone; a consumer would then acknowledge what nobody saw. A file, though, is left to it:
    // a FileStream writes at a place of its own there, over what other programs write to the same file.
    private static Stream OpenOutput()
    {
        if (OperatingSystem.IsWindows())
            return Console.OpenStandardOutput();
        var stream = new FileStream(new SafeFileHandle(1, ownsHandle: false), FileAccess.Write, bufferSize: 1);
        return stream.CanSeek ? Console.OpenStandardOutput() : stream;
    }
}

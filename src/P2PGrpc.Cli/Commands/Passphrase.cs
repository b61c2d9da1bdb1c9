using System.Collections.Concurrent;
using System.CommandLine;
using System.Text;

namespace P2PGrpc.Cli.Commands;

/// <summary>How a command gets a passphrase: from a file, from the environment, or from who types it, unseen. Never from the command line, which every user of the
/// machine can read.</summary>
internal sealed class Passphrase
{
    private const string Variable = "P2PGRPC_PASSPHRASE";
    private const int LongestFile = 4096;

    private readonly Option<string?> file = new("--passphrase-file")
    {
        Description = $"A file whose first line is the passphrase [default: ${Variable}, else it is asked for]",
        HelpName = "FILE",
    };

    public static Passphrase AddTo(Command command)
    {
        var passphrase = new Passphrase();
        command.Add(passphrase.file);
        return passphrase;
    }

    /// <param name="parsed">What was given.</param>
    /// <param name="surroundings">Where to ask.</param>
    /// <param name="twice">True: a new one, which must be typed twice.</param>
    /// <param name="cancellationToken">Gives up asking.</param>
    /// <exception cref="CommandException">There is none.</exception>
    public string Read(ParseResult parsed, Surroundings surroundings, bool twice, CancellationToken cancellationToken)
    {
        if (parsed.GetValue(file) is { } path)
            return ReadFile(path);
        if (surroundings.Environment(Variable) is { Length: > 0 } given)
            return given;
        if (surroundings.ReadKey is not { } readKey)
            throw CommandException.Usage($"A passphrase is needed, and nobody can be asked for it here: name a file by --passphrase-file, or set {Variable}.");
        var typed = Ask("Passphrase: ", surroundings, ReadNext);
        if (twice && Ask("The same again: ", surroundings, ReadNext) != typed)
            throw CommandException.Usage("The two passphrases differ: nothing was done.");
        return typed;

        ConsoleKeyInfo ReadNext() => ReadKey(readKey, cancellationToken);
    }

    /// <summary>Waiting for a key can't be ended: whoever gives up leaves it behind, and the process ends over it.</summary>
    private static ConsoleKeyInfo ReadKey(Func<ConsoleKeyInfo> readKey, CancellationToken cancellationToken)
    {
        using var pressed = new BlockingCollection<ConsoleKeyInfo>();
        _ = Task.Run(
            () =>
            {
                try
                {
                    pressed.Add(readKey());
                }
                finally
                {
                    // Where the terminal is gone nobody shall wait for it.
                    pressed.CompleteAdding();
                }
            },
            CancellationToken.None);
        return pressed.Take(cancellationToken);
    }

    private static string ReadFile(string path)
    {
        try
        {
            using var reader = new StreamReader(path, new UTF8Encoding(false, throwOnInvalidBytes: true));
            var buffer = new char[LongestFile];
            var text = new string(buffer, 0, reader.ReadBlock(buffer));
            return text.Split('\n')[0].TrimEnd('\r') is { Length: > 0 } first ? first : throw CommandException.Usage($"{path} is empty: its first line is the passphrase.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or DecoderFallbackException)
        {
            throw new CommandException(ExitCodes.Failure, $"The passphrase file {path} can't be read: {fault.Message}");
        }
    }

    private static string Ask(string question, Surroundings surroundings, Func<ConsoleKeyInfo> readKey)
    {
        // On standard error: the output may be a file.
        surroundings.Error.Write(question);
        surroundings.Error.Flush();
        var typed = new StringBuilder();
        for (var key = readKey(); key.Key != ConsoleKey.Enter; key = readKey())
            if (key.Key == ConsoleKey.Backspace)
                typed.Length = Math.Max(0, typed.Length - 1);
            else if (!char.IsControl(key.KeyChar))
                typed.Append(key.KeyChar);
        surroundings.Error.WriteLine();
        return typed.ToString();
    }
}

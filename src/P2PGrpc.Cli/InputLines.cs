namespace P2PGrpc.Cli;

/// <summary>Reads standard input line by line, none longer than a message may be: an input without line ends must not fill the memory.
/// Not thread-safe.</summary>
internal sealed class InputLines(Stream input)
{
    private const string Source = "A line of standard input";

    private readonly byte[] buffer = new byte[InputText.LargestBody + "\r\n".Length];
    private int length;
    private int taken;

    /// <summary>The next line without its end; null after the last one.</summary>
    /// <exception cref="CommandException">It is too long, or no text.</exception>
    public string? Read()
    {
        var searched = 0;
        while (true)
        {
            var end = buffer.AsSpan(taken + searched, length - taken - searched).IndexOf((byte)'\n');
            if (end >= 0)
                return Take(searched + end, withEnd: 1);
            searched = length - taken;
            if (!Fill())
                return searched > 0 ? Take(searched, withEnd: 0) : null;
        }
    }

    private bool Fill()
    {
        buffer.AsSpan(taken, length - taken).CopyTo(buffer);
        length -= taken;
        taken = 0;
        if (length == buffer.Length)
            throw InputText.TooLong(Source);
        try
        {
            var read = input.Read(buffer, length, buffer.Length - length);
            length += read;
            return read > 0;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw InputText.Unreadable("Standard input", fault);
        }
    }

    private string Take(int count, int withEnd)
    {
        var line = buffer.AsSpan(taken, count);
        taken += count + withEnd;
        if (line is [.., (byte)'\r'])
            line = line[..^1];
        return line.Length <= InputText.LargestBody ? InputText.Decode(line, Source) : throw InputText.TooLong(Source);
    }
}

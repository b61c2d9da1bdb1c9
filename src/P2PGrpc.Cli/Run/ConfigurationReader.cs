using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace P2PGrpc.Cli.Run;

/// <summary>Reads a configuration file token by token, so that each fault can be told with its line and with what was expected there.</summary>
internal ref struct ConfigurationReader(string path, ReadOnlySpan<byte> text)
{
    private readonly string path = path;
    private readonly ReadOnlySpan<byte> text = text;
    private Utf8JsonReader json = new(text, new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
    private bool isFirst = true;

    /// <summary>Reads the beginning of the one object.</summary>
    /// <exception cref="CommandException">Something else stands there.</exception>
    public void Begin() => Expect(JsonTokenType.StartObject, "a JSON object is expected, which begins with {.");

    /// <summary>Reads the next name of the object; false at the object's end.</summary>
    /// <exception cref="CommandException">Something else stands there.</exception>
    public bool TryReadName([NotNullWhen(true)] out string? name)
    {
        Advance(isFirst ? "a name in double quotes and a colon are expected, or }." : "a comma, a name in double quotes and a colon are expected, or } at the end.");
        isFirst = false;
        name = json.TokenType == JsonTokenType.PropertyName ? Text() : null;
        return name is not null;
    }

    /// <summary>Reads on to the end of the file.</summary>
    /// <exception cref="CommandException">There is more than the object.</exception>
    public void End()
    {
        const string expected = "nothing more is expected after the object's }.";
        try
        {
            if (json.Read())
                throw Fault(expected);
        }
        catch (JsonException)
        {
            throw FaultAhead(expected);
        }
    }

    /// <exception cref="CommandException">The value is no string.</exception>
    public string ReadText(string name)
    {
        Expect(JsonTokenType.String, $"'{name}' must be a string: text in double quotes, in which a backslash is written twice.");
        return Text();
    }

    /// <exception cref="CommandException">The value is something else.</exception>
    public bool ReadTruth(string name)
    {
        var expected = $"'{name}' must be true or false, without quotes.";
        Advance(expected);
        return json.TokenType is JsonTokenType.True or JsonTokenType.False ? json.GetBoolean() : throw Fault(expected);
    }

    /// <exception cref="CommandException">The value is something else.</exception>
    public IReadOnlyList<string> ReadTexts(string name)
    {
        var expected = $"'{name}' must be a list of strings, such as [\"one\", \"two\"].";
        var texts = new List<string>();
        Expect(JsonTokenType.StartArray, expected);
        while (true)
        {
            Advance(expected);
            if (json.TokenType == JsonTokenType.EndArray)
                return texts;
            if (json.TokenType != JsonTokenType.String)
                throw Fault(expected);
            texts.Add(Text());
        }
    }

    /// <summary>A fault of what was read last.</summary>
    public readonly CommandException Fault(string sentence) => FaultAt(json.TokenStartIndex, sentence);

    private void Expect(JsonTokenType type, string expected)
    {
        Advance(expected);
        if (json.TokenType != type)
            throw Fault(expected);
    }

    private void Advance(string expected)
    {
        try
        {
            if (!json.Read())
                throw FaultAhead(expected);
        }
        catch (JsonException)
        {
            throw FaultAhead(expected);
        }
    }

    private readonly string Text()
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Fault("this is no text: half a pair of \\u escapes stands alone in it.");
        }
    }

    /// <summary>A fault of what comes after all that was read: it stands where the next thing begins.</summary>
    private readonly CommandException FaultAhead(string expected)
    {
        var rest = text[(int)json.BytesConsumed..];
        var space = rest.IndexOfAnyExcept(" \t\r\n"u8);
        return space < 0
            ? FaultAt(text.TrimEnd(" \t\r\n"u8).Length, $"the file ends too early: {expected}")
            : FaultAt(json.BytesConsumed + space, expected);
    }

    private readonly CommandException FaultAt(long place, string sentence)
    {
        var line = text[..(int)place].Count((byte)'\n') + 1;
        return CommandException.Usage($"{path}, line {line}: {sentence}");
    }
}

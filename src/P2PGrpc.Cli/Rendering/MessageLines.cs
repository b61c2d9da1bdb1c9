using System.Globalization;
using P2PGrpc.Client;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Cli.Rendering;

/// <summary>A message as people see it: who, when, what. Text of several lines is indented, so that no line can pass for a message.</summary>
internal sealed class MessageLines(TimeProvider time)
{
    // More than a screen's width and height; who wants all of it reads the JSON form.
    private const int LongestLine = 2000;
    private const int MostLines = 200;
    private const int LongestName = 40;
    private const string Indent = "          ";

    /// <summary>The lines of a message: one, and one more for each line end in its text.</summary>
    public IEnumerable<StyledLine> Create(ReceivedMessage message)
    {
        var text = message.Text is { } whole ? whole.ReplaceLineEndings("\n").Split('\n', MostLines + 1) : [Describe(message)];
        var head = new StyledLine().Add(Clock(message.Time), StyledLine.Dim).Add("  ");
        AddAuthor(head, message);
        if (message.Ephemeral)
            head.Add(" (ephemeral)", StyledLine.Dim);
        yield return head.Add(": ").Add(DisplayText.Clean(text[0], LongestLine));
        for (var index = 1; index < Math.Min(text.Length, MostLines); index++)
            yield return new StyledLine().Add(Indent + DisplayText.Clean(text[index], LongestLine));
        if (text.Length > MostLines)
            yield return new StyledLine().Add(Indent + "… (--json shows all of it)", StyledLine.Dim);
    }

    /// <summary>The time of day here.</summary>
    public string Clock(DateTimeOffset moment)
    {
        // Near the ends of the calendar a conversion to local time would leave it.
        var local = moment.Year is > 1 and < 9999 ? TimeZoneInfo.ConvertTime(moment, time.LocalTimeZone) : moment;
        return local.ToString("HH:mm:ss", CultureInfo.InvariantCulture);
    }

    /// <summary>How a peer is called: by its alias, else by the beginning of its id.</summary>
    public static string Call(string alias, string peerId)
    {
        if (alias.Length > 0)
            return DisplayText.Clean(alias, LongestName);
        return DisplayText.Clean(peerId.Length > 12 ? peerId[..12] : peerId, LongestName);
    }

    private static void AddAuthor(StyledLine line, ReceivedMessage message)
    {
        var own = message.Alias == "self";
        line.Add(Call(message.Alias, message.Author), own ? StyledLine.Own : StyledLine.Name);
        if (own && message.Peer is not ("" or "self"))
            line.Add(" → ", StyledLine.Dim).Add(PeerId.TryParse(message.Peer, out _) ? Call("", message.Peer) : Call(message.Peer, ""), StyledLine.Name);
    }

    private static string Describe(ReceivedMessage message) => message.ContentType.Length == 0 && message.Data.IsEmpty
        ? "[a message that this version can't read]"
        : string.Create(CultureInfo.InvariantCulture, $"[{message.ContentType}, {message.Data.Length} bytes]");
}

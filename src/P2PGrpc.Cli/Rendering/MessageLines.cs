using System.Globalization;
using System.Text;
using P2PGrpc.Client;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Cli.Rendering;

/// <summary>A message as people see it: who, when, what. Text of several lines is indented, so that no line can pass for a message.</summary>
/// <param name="time">The clock, for the zone here.</param>
/// <param name="wholeBy">The command that shows all of a long message, which is cut here; null to show all of it here.</param>
internal sealed class MessageLines(TimeProvider time, string? wholeBy = null)
{
    // Some screens full. A message may have 128 KiB and as many lines, which would push all else off the screen of who only looks on.
    private const int MostBytes = 4096;
    private const int MostLines = 200;
    private const int LongestName = 40;
    private const string Indent = "          ";

    /// <summary>The lines of a message: one, and one more for each line end in its text.</summary>
    public IEnumerable<StyledLine> Create(ReceivedMessage message)
    {
        var text = message.Text?.ReplaceLineEndings("\n") ?? Describe(message);
        var end = wholeBy is null ? text.Length : FindEnd(text);
        var lines = text[..end].Split('\n');
        var head = new StyledLine().Add(Clock(message.Time), StyledLine.Dim).Add("  ");
        AddAuthor(head, message);
        if (message.Ephemeral)
            head.Add(" (ephemeral)", StyledLine.Dim);
        yield return head.Add(": ").Add(Clean(lines[0]));
        foreach (var line in lines.Skip(1))
            yield return new StyledLine().Add(Indent + Clean(line));
        if (end < text.Length)
            yield return new StyledLine().Add($"{Indent}… {Size(Encoding.UTF8.GetByteCount(text.AsSpan(end)))} more: '{wholeBy}' shows all of it", StyledLine.Dim);
    }

    /// <summary>The line for messages that have been erased.</summary>
    public static StyledLine CreateErased(ErasedMessages erased)
    {
        var place = erased.Room.Length > 0 ? $" in {CallRoom(erased.Room)}" : "";
        var what = erased.Count == 1 ? "1 message" : string.Create(CultureInfo.InvariantCulture, $"{erased.Count} messages");
        return new StyledLine().Add($"{Indent}… {what} by {Call(erased.Alias, erased.Author)}{place} erased here", StyledLine.Dim);
    }

    /// <summary>The time of day here.</summary>
    public string Clock(DateTimeOffset moment) => ToLocal(moment).ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    /// <summary>The day here.</summary>
    public string Day(DateTimeOffset moment) => ToLocal(moment).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    /// <summary>The day and the time of day here, to the minute.</summary>
    public string Moment(DateTimeOffset moment) => ToLocal(moment).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);

    /// <summary>How a peer is called: by its alias, else by the beginning of its id.</summary>
    public static string Call(string alias, string peerId)
    {
        if (alias.Length > 0)
            return DisplayText.Clean(alias, LongestName);
        return DisplayText.Clean(peerId.Length > 12 ? peerId[..12] : peerId, LongestName);
    }

    /// <summary>Stands where messages are still to come.</summary>
    public static string TellOfGap(ReceivedMessage message) => string.Create(
        CultureInfo.InvariantCulture,
        $"… {message.MissingBefore} {(message.MissingBefore == 1 ? "message" : "messages")} of {Call(message.Alias, message.Author)} before this one {(message.MissingBefore == 1 ? "is" : "are")} still to come");

    /// <summary>How a room is called: by its name, else by the beginning of its id.</summary>
    public static string CallRoom(string room) => room.StartsWith('#') ? DisplayText.Clean(room, LongestName) : Call("", room);

    // Near the ends of the calendar a conversion to local time would leave it.
    private DateTimeOffset ToLocal(DateTimeOffset moment) =>
        moment.Year is > 1 and < 9999 ? TimeZoneInfo.ConvertTime(moment, time.LocalTimeZone) : moment;

    // Where a long text is cut: behind the last whole character that fits.
    private static int FindEnd(string text)
    {
        var bytes = 0;
        var lines = 1;
        var index = 0;
        while (index < text.Length)
        {
            Rune.DecodeFromUtf16(text.AsSpan(index), out var rune, out var consumed);
            bytes += rune.Utf8SequenceLength;
            lines += rune.Value == '\n' ? 1 : 0;
            if (bytes > MostBytes || lines > MostLines)
                return index;
            index += consumed;
        }

        return text.Length;
    }

    private static string Size(int bytes) => bytes < 1024
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes} {(bytes == 1 ? "byte" : "bytes")}")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024.0:0.#} KiB");

    private static string Clean(string line) => DisplayText.Clean(line, int.MaxValue);

    private static void AddAuthor(StyledLine line, ReceivedMessage message)
    {
        var own = message.Alias == "self";
        line.Add(Call(message.Alias, message.Author), own ? StyledLine.Own : StyledLine.Name);
        if (message.Room.Length > 0)
            line.Add(" → ", StyledLine.Dim).Add(CallRoom(message.Room), StyledLine.Name);
        else if (own && message.Peer is not ("" or "self"))
            line.Add(" → ", StyledLine.Dim).Add(PeerId.TryParse(message.Peer, out _) ? Call("", message.Peer) : Call(message.Peer, ""), StyledLine.Name);
    }

    private static string Describe(ReceivedMessage message) => message.ContentType.Length == 0 && message.Data.IsEmpty
        ? "[a message that this version can't read]"
        : string.Create(CultureInfo.InvariantCulture, $"[{message.ContentType}, {message.Data.Length} bytes]");
}

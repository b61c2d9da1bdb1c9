using System.Globalization;
using P2PGrpc.Cli.Commands;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Rendering;

/// <summary>Where a message is, for people.</summary>
internal static class ExplanationLines
{
    private const int LongestText = 400;
    private const int TitleWidth = 14;

    public static IEnumerable<StyledLine> Create(ExplainMessageResponse message)
    {
        yield return Row("message", message.Reference + (message.MessageId.Length > 0 ? $", message_id {message.MessageId}" : ""));
        yield return Row("author", message.Alias is "self" ? "this node" : MessageLines.Call(message.Alias, message.Author));
        yield return Row("conversation", message.Room.Length > 0 ? message.Room : message.Peer.Length > 0 ? $"with {message.Peer}" : message.Conversation);
        if (message.TimeMs > 0)
            yield return Row("written", $"{Moment(message.TimeMs)}, by its author's clock");
        yield return Row("here", Place(message), message.Body == BodyState.Damaged ? StyledLine.Alarm : Spectre.Console.Style.Plain);
        if (message.Frozen)
            yield return Row("log", "frozen: its author signed two different segments at one place. What came before stays; nothing more of it is taken.", StyledLine.Alarm);
        if (message.Alias is "self" && message.Peer is not "self")
            yield return message.HeldElsewhere
                ? Row("elsewhere", "somebody else has it on disk", StyledLine.Own)
                : Row("elsewhere", "nobody else is known to have it yet", StyledLine.Alarm);
        if (message is { Alias: "self", Room: "", Peer: "" })
            yield return Row("recipient", "a peer that was removed: the message stays stored, and goes out if the peer is added again");
        foreach (var recipient in message.Recipients)
            yield return Row(DisplayText.Clean(MessageLines.Call(recipient.Alias, recipient.PeerId), LongestText), Describe(recipient),
                recipient.Acknowledgement == Acknowledgement.Given ? StyledLine.Own : Spectre.Console.Style.Plain);
    }

    private static string Place(ExplainMessageResponse message)
    {
        var place = string.Create(
            CultureInfo.InvariantCulture,
            $"position {message.Position}{(message.Count > 0 ? $", in a segment of {message.Count} that begins at sequence {message.FirstSequence}" : "")}");
        return message.Body switch
        {
            BodyState.Erased => $"erased, for it is kept no longer; its place stays: {place}",
            BodyState.Damaged when message.HeldElsewhere => $"DAMAGED on this node's disk, and not served: {place}. It is fetched again from a linked peer that has it",
            BodyState.Damaged => $"DAMAGED on this node's disk, and not served: {place}. Nobody else is known to have it, so only a backup does",
            _ => $"on disk, whole: {place}",
        };
    }

    private static string Describe(MessageRecipient recipient)
    {
        if (recipient.Acknowledgement == Acknowledgement.Given)
            return "has it on disk";
        var known = recipient.Acknowledgement == Acknowledgement.NotKnown ? "not known whether it has it" : "has not acknowledged it";
        if (recipient.Blocked)
            return $"{known}; blocked here: p2pgrpc peers accept {recipient.PeerId}";
        if (recipient.Linked)
            return $"{known}; linked: it is on its way, or waits for room there";
        if (recipient.WithoutAddress)
            return $"{known}; not linked, and it has to dial: this node has no address of it";
        var tried = recipient.HasTriedBeforeMs ? $"; tried {Span(recipient.TriedBeforeMs)} ago" : "";
        var next = recipient.HasNextInMs ? $", next in {Span(recipient.NextInMs)}" : "";
        var error = recipient.LastError.Length > 0 ? $": {recipient.LastError}" : "";
        return $"{known}; not linked{tried}{next}{error}";
    }

    private static string Span(ulong milliseconds) => milliseconds < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{milliseconds}ms")
        : Durations.Describe(TimeSpan.FromMilliseconds(Math.Min(milliseconds, int.MaxValue * 1000.0)));

    private static string Moment(ulong milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(milliseconds, 253402300799999))
        .ToLocalTime().ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private static StyledLine Row(string title, string text, Spectre.Console.Style? style = null) =>
        new StyledLine().Add(title.PadRight(TitleWidth), StyledLine.Dim).Add(DisplayText.Clean(text, LongestText), style);
}

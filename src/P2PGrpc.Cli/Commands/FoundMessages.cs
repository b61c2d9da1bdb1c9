using System.Globalization;
using P2PGrpc.Cli.Rendering;
using P2PGrpc.Client;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Commands;

/// <summary>Shows what <c>history</c> and <c>search</c> have found, and what they could not show.</summary>
internal sealed class FoundMessages(NodeCall call, Surroundings surroundings)
{
    public void Show(IEnumerable<MessageBatch> batches)
    {
        var lines = new MessageLines(surroundings.Time);
        var day = "";
        foreach (var batch in batches)
        {
            if (ErasedMessages.From(batch) is { } erased)
                ShowErased(erased);
            foreach (var message in ReceivedMessage.Read(batch))
                day = ShowMessage(message, lines, day);
        }
    }

    private void ShowErased(ErasedMessages erased)
    {
        if (call.Json)
            surroundings.Write(JsonLines.Erased(erased));
        else
            surroundings.Write(MessageLines.CreateErased(erased));
    }

    /// <summary>Shows the day where it is another than before.</summary>
    private string ShowMessage(ReceivedMessage message, MessageLines lines, string day)
    {
        if (call.Json)
        {
            surroundings.Write(JsonLines.Message(message));
            return day;
        }

        if (lines.Day(message.Time) != day)
            WriteHint(lines.Day(message.Time));
        if (message.MissingBefore > 0)
            WriteHint(MessageLines.TellOfGap(message));
        foreach (var line in lines.Create(message))
            surroundings.Write(line);
        return lines.Day(message.Time);
    }

    /// <summary>Says what is missing: what can't be read, and what is not indexed yet.</summary>
    public void TellOfRest(uint unreadable, ulong behind)
    {
        if (call.Json)
            return;
        if (unreadable > 0)
            surroundings.Write(new StyledLine().Add(
                string.Create(CultureInfo.InvariantCulture, $"{unreadable} messages can't be read here: their bytes are damaged ('p2pgrpc status' and docs/operations.md tell more)"), StyledLine.Alarm));
        if (behind > 0)
            surroundings.Write(new StyledLine().Add(
                string.Create(CultureInfo.InvariantCulture, $"{behind} messages are not indexed yet and may be missing here"), StyledLine.Alarm));
    }

    public void WriteHint(string text) => surroundings.Write(new StyledLine().Add(text, StyledLine.Dim));
}

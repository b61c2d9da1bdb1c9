using System.Text.Json;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Rendering;

/// <summary>What the commands write that keep a node running, as JSON.</summary>
internal static class UpkeepLines
{
    public static string Backup(Backup backup) => JsonLines.Write(json =>
    {
        json.WriteString("type", "backup");
        json.WriteString("directory", backup.Directory);
        json.WriteString("peerId", backup.PeerId);
        json.WriteNumber("position", backup.Position);
        json.WriteNumber("databaseBytes", backup.DatabaseBytes);
        json.WriteString("sha256", backup.Sha256);
        json.WriteBoolean("withKey", backup.WithKey);
        json.WriteString("time", JsonLines.Time(DateTimeOffset.FromUnixTimeMilliseconds((long)backup.CreatedMs)));
    });

    public static string Restored(string peerId, string directory) => JsonLines.Write(json =>
    {
        json.WriteString("type", "restored");
        json.WriteString("peerId", peerId);
        json.WriteString("data", directory);
    });

    public static string Fault(string fault) => JsonLines.Write(json =>
    {
        json.WriteString("type", "fault");
        json.WriteString("detail", fault);
    });

    public static string Verified(VerificationReport report) => JsonLines.Write(json =>
    {
        json.WriteString("type", "verified");
        json.WriteNumber("logs", report.Logs);
        json.WriteNumber("segments", report.Segments);
        json.WriteNumber("messages", report.Messages);
        json.WriteNumber("erased", report.Erased);
        json.WriteNumber("faults", report.Faults);
        json.WriteNumber("structureFaults", report.StructureFaults);
    });

    public static string Key(string peerId, string path) => JsonLines.Write(json =>
    {
        json.WriteString("type", "key");
        json.WriteString("peerId", peerId);
        json.WriteString("path", path);
    });

    public static string Drained(DrainResponse answer) => JsonLines.Write(json =>
    {
        json.WriteString("type", "drain");
        json.WriteBoolean("draining", answer.Draining);
        json.WriteNumber("undelivered", answer.Undelivered);
        json.WriteNumber("underWay", answer.UnderWay);
        json.WriteBoolean("stopping", answer.Stopping);
        json.WriteStartArray("peers");
        foreach (var peer in answer.Peers)
        {
            json.WriteStartObject();
            JsonLines.WritePeer(json, peer.PeerId, peer.Alias);
            json.WriteNumber("undelivered", peer.Undelivered);
            json.WriteBoolean("linked", peer.Linked);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("rooms");
        foreach (var room in answer.Rooms)
        {
            json.WriteStartObject();
            json.WriteString("conversation", room.Conversation);
            json.WriteString("room", room.Room);
            json.WriteNumber("undelivered", room.Undelivered);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    public static string Reloaded(ReloadResponse answer) => JsonLines.Write(json =>
    {
        json.WriteString("type", "reload");
        WriteTexts(json, "applied", answer.Applied);
        WriteTexts(json, "needsRestart", answer.NeedsRestart);
        WriteTexts(json, "hints", answer.Hints);
    });

    public static string Finding(Finding finding) => JsonLines.Write(json =>
    {
        json.WriteString("type", "finding");
        json.WriteString("check", finding.Check);
        json.WriteString("severity", JsonLines.Camel(finding.Severity.ToString()));
        json.WriteString("detail", finding.Detail);
        json.WriteString("advice", finding.Advice);
    });

    public static string Explanation(ExplainMessageResponse message) => JsonLines.Write(json =>
    {
        json.WriteString("type", "explanation");
        json.WriteString("reference", message.Reference);
        json.WriteString("messageId", message.MessageId);
        json.WriteString("author", message.Author);
        json.WriteString("alias", message.Alias);
        json.WriteString("conversation", message.Conversation);
        json.WriteString("peer", message.Peer);
        json.WriteString("room", message.Room);
        json.WriteNumber("position", message.Position);
        json.WriteString("segment", message.Segment);
        json.WriteNumber("firstSequence", message.FirstSequence);
        json.WriteNumber("count", message.Count);
        json.WriteString("body", JsonLines.Camel(message.Body.ToString()));
        if (message.TimeMs > 0)
            json.WriteString("time", JsonLines.Time(DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(message.TimeMs, (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()))));
        json.WriteBoolean("frozen", message.Frozen);
        json.WriteBoolean("heldElsewhere", message.HeldElsewhere);
        json.WriteStartArray("recipients");
        foreach (var recipient in message.Recipients)
            WriteRecipient(json, recipient);
        json.WriteEndArray();
    });

    private static void WriteRecipient(Utf8JsonWriter json, MessageRecipient recipient)
    {
        json.WriteStartObject();
        JsonLines.WritePeer(json, recipient.PeerId, recipient.Alias);
        json.WriteString("acknowledgement", JsonLines.Camel(recipient.Acknowledgement.ToString()));
        json.WriteNumber("holdsThrough", recipient.HoldsThrough);
        json.WriteBoolean("linked", recipient.Linked);
        json.WriteBoolean("blocked", recipient.Blocked);
        json.WriteBoolean("withoutAddress", recipient.WithoutAddress);
        json.WriteString("lastError", recipient.LastError);
        json.WriteNumber("failures", recipient.Failures);
        JsonLines.WriteNumberOrNull(json, "triedBeforeMs", recipient.HasTriedBeforeMs ? recipient.TriedBeforeMs : null);
        JsonLines.WriteNumberOrNull(json, "nextInMs", recipient.HasNextInMs ? recipient.NextInMs : null);
        json.WriteEndObject();
    }

    private static void WriteTexts(Utf8JsonWriter json, string name, IEnumerable<string> texts)
    {
        json.WriteStartArray(name);
        foreach (var text in texts)
            json.WriteStringValue(text);
        json.WriteEndArray();
    }
}

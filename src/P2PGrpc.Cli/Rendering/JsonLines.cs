using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using P2PGrpc.Client;
using P2PGrpc.Protocol;
using EventCase = P2PGrpc.Protocol.WatchEventsResponse.EventOneofCase;

namespace P2PGrpc.Cli.Rendering;

/// <summary>
/// The output for programs: one JSON object a line, names in camelCase, kept from version to version (docs/cli.md lists them).
/// All but ASCII is escaped, control characters too, so that it is safe on a terminal as well.
/// </summary>
internal static class JsonLines
{
    public static string Receipt(string to, SendReceipt receipt) => Write(json =>
    {
        json.WriteString("type", "receipt");
        json.WriteString("to", to);
        json.WriteString("reference", receipt.Reference);
        json.WriteString("state", State(receipt.State));
    });

    public static string Message(ReceivedMessage message) => Write(json =>
    {
        json.WriteString("type", "message");
        json.WriteString("author", message.Author);
        json.WriteString("alias", message.Alias);
        json.WriteString("peer", message.Peer);
        json.WriteString("room", message.Room);
        json.WriteString("conversation", message.Conversation);
        json.WriteString("reference", message.Reference);
        if (message.Cursor is { } cursor)
            json.WriteString("cursor", cursor.ToString());
        json.WriteString("time", Time(message.Time));
        if (message.Text is { } text)
            json.WriteString("text", text);
        else
            json.WriteBase64String("data", message.Data.Span);
        json.WriteString("contentType", message.ContentType);
        json.WriteStartObject("headers");
        foreach (var (name, value) in message.Headers)
            json.WriteString(name, value);
        json.WriteEndObject();
        json.WriteString("messageId", message.MessageId);
        json.WriteBoolean("ephemeral", message.Ephemeral);
        if (message.Ahead)
            json.WriteBoolean("ahead", true);
        if (message.MissingBefore > 0)
            json.WriteNumber("missingBefore", message.MissingBefore);
    });

    public static string Erased(ErasedMessages erased) => Write(json =>
    {
        json.WriteString("type", "erased");
        json.WriteString("author", erased.Author);
        json.WriteString("alias", erased.Alias);
        json.WriteString("peer", erased.Peer);
        json.WriteString("room", erased.Room);
        json.WriteString("conversation", erased.Conversation);
        json.WriteString("firstReference", erased.FirstReference);
        json.WriteNumber("count", erased.Count);
    });

    public static string Retention(Retention retention) => Write(json =>
    {
        json.WriteString("type", "retention");
        json.WriteString("conversation", retention.Conversation);
        WriteNumberOrNull(json, "keepDays", retention.HasKeepDays ? retention.KeepDays : null);
        WriteNumberOrNull(json, "keepBytes", retention.HasKeepBytes ? retention.KeepBytes : null);
        WriteNumberOrNull(json, "nodeKeepDays", retention.HasNodeKeepDays ? retention.NodeKeepDays : null);
        WriteNumberOrNull(json, "nodeKeepBytes", retention.HasNodeKeepBytes ? retention.NodeKeepBytes : null);
        WriteNumberOrNull(json, "heldBytes", retention.HasHeldBytes ? retention.HeldBytes : null);
    });

    public static string Peer(Peer peer) => Write(json =>
    {
        json.WriteString("type", "peer");
        json.WriteString("peerId", peer.PeerId);
        json.WriteString("alias", peer.Alias);
        json.WriteStartArray("addresses");
        foreach (var address in peer.Addresses)
            json.WriteStringValue(address);
        json.WriteEndArray();
        json.WriteString("admission", Word(peer.Admission));
        json.WriteString("link", Word(peer.Link));
        json.WriteString("suggestedName", peer.SuggestedName);
        json.WriteString("lastError", peer.LastError);
        json.WriteNumber("undelivered", peer.Undelivered);
        json.WriteNumber("roundTripMs", double.IsFinite(peer.RoundTripMs) ? peer.RoundTripMs : 0);
        json.WriteBoolean("thisNode", peer.ThisNode);
    });

    public static string Room(Room room) => Write(json =>
    {
        json.WriteString("type", "room");
        json.WriteString("name", room.Name);
        json.WriteString("conversation", room.Conversation);
        json.WriteBoolean("joined", room.Joined);
        json.WriteNumber("members", room.Members);
        json.WriteNumber("linked", room.Linked);
    });

    public static string Ticket(string room, string ticket) => Write(json =>
    {
        json.WriteString("type", "ticket");
        json.WriteString("room", room);
        json.WriteString("ticket", ticket);
    });

    public static string Invite(Invite invite, string? ticket) => Write(json =>
    {
        json.WriteString("type", "invite");
        json.WriteString("id", invite.Id);
        json.WriteString("alias", invite.Alias);
        json.WriteNumber("expiresAfterSeconds", invite.ExpiresAfterSeconds);
        if (ticket is not null)
            json.WriteString("ticket", ticket);
    });

    public static string Member(RoomMember member) => Write(json =>
    {
        json.WriteString("type", "member");
        json.WriteString("peerId", member.PeerId);
        json.WriteString("alias", member.Alias);
        json.WriteString("suggestedName", member.SuggestedName);
        json.WriteBoolean("linked", member.Linked);
        json.WriteNumber("messages", member.Messages);
        json.WriteBoolean("muted", member.Muted);
        json.WriteBoolean("blocked", member.Blocked);
        json.WriteString("lastError", member.LastError);
    });

    public static string Conversation(Conversation conversation) => Write(json =>
    {
        json.WriteString("type", "conversation");
        json.WriteString("conversation", conversation.Conversation_);
        json.WriteString("peer", conversation.Peer);
        json.WriteString("room", conversation.Room);
        json.WriteNumber("messages", conversation.Messages);
        json.WriteNumber("unread", conversation.Unread);
        json.WriteNumber("missing", conversation.Missing);
        if (conversation.Last is { } batch && ReceivedMessage.Read([batch]).FirstOrDefault() is { } last)
        {
            json.WriteString("lastReference", last.Reference);
            json.WriteString("lastTime", Time(last.Time));
        }
    });

    /// <summary>What stands behind the messages of a page of history.</summary>
    public static string Page(ListMessagesResponse page) => Write(json =>
    {
        json.WriteString("type", "page");
        json.WriteString("older", page.Older);
        json.WriteString("newer", page.Newer);
        json.WriteBoolean("hasNewer", page.HasNewer);
        json.WriteNumber("unreadable", page.Unreadable);
        json.WriteNumber("behind", page.Behind);
        json.WriteNumber("missing", page.Missing);
    });

    /// <summary>What stands behind the messages that a search has found.</summary>
    public static string Page(SearchMessagesResponse page) => Write(json =>
    {
        json.WriteString("type", "page");
        json.WriteString("nextPage", page.NextPage);
        json.WriteNumber("unreadable", page.Unreadable);
        json.WriteNumber("behind", page.Behind);
    });

    public static string MarkedRead(string conversation, ulong unread) => Write(json =>
    {
        json.WriteString("type", "read");
        json.WriteString("conversation", conversation);
        json.WriteNumber("unread", unread);
    });

    public static string Reindex(ulong messages) => Write(json =>
    {
        json.WriteString("type", "reindex");
        json.WriteNumber("messages", messages);
    });

    public static string Removed(string peer) => Write(json =>
    {
        json.WriteString("type", "removed");
        json.WriteString("peer", peer);
    });

    public static string Id(GetNodeResponse node) => Write(json =>
    {
        json.WriteString("type", "id");
        json.WriteString("peerId", node.PeerId);
        json.WriteString("name", node.Name);
        json.WriteString("address", node.Address);
    });

    public static string Status(GetNodeResponse node) => Write(json =>
    {
        json.WriteString("type", "status");
        json.WriteString("peerId", node.PeerId);
        json.WriteString("name", node.Name);
        json.WriteString("version", node.Version);
        json.WriteString("address", node.Address);
        json.WriteNumber("uptimeMs", node.UptimeMs);
        json.WriteNumber("position", node.Position);
        json.WriteNumber("undelivered", node.Undelivered);
        json.WriteBoolean("writable", node.Writable);
        json.WriteString("storeError", node.StoreError);
        json.WriteNumber("damagedPlaces", node.DamagedPlaces);
        json.WriteNumber("links", node.Links);
        json.WriteNumber("peers", node.Peers);
        json.WriteNumber("peersDialling", node.PeersDialling);
        json.WriteNumber("peersDown", node.PeersDown);
        WriteNumberOrNull(json, "oldestUndeliveredMs", node.HasOldestUndeliveredMs ? node.OldestUndeliveredMs : null);
        json.WriteNumber("databaseBytes", node.DatabaseBytes);
        json.WriteNumber("freeBytes", node.FreeBytes);
        json.WriteBoolean("reserveHeld", node.ReserveHeld);
        json.WriteBoolean("draining", node.Draining);
        json.WriteNumber("undeliveredToRemoved", node.UndeliveredToRemoved);
    });

    public static string Started(string peerId, string name, string address, string? api, string? web, string? metrics, string? health, string data) => Write(json =>
    {
        json.WriteString("type", "started");
        json.WriteString("peerId", peerId);
        json.WriteString("name", name);
        json.WriteString("address", address);
        json.WriteString("api", api);
        json.WriteString("web", web);
        json.WriteString("metrics", metrics);
        json.WriteString("health", health);
        json.WriteString("data", data);
    });

    public static string Event(WatchEventsResponse response) => Write(json =>
    {
        json.WriteString("type", response.EventCase == EventCase.None ? "unknown" : Camel(response.EventCase.ToString()));
        json.WriteString("time", Time(DateTimeOffset.FromUnixTimeMilliseconds(
            (long)Math.Min(response.TimeMs, (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()))));
        WriteEvent(json, response);
    });

    /// <summary>The word for a delivery state: accepted, delivered or sent.</summary>
    public static string State(DeliveryState state) => Camel(state.ToString());

    /// <summary>The word for an admission: unpinned, known, knocking or blocked.</summary>
    public static string Word(Admission admission) => Camel(admission.ToString());

    /// <summary>The word for a link's state: down, dialling or up.</summary>
    public static string Word(LinkState link) => Camel(link.ToString());

    private static void WriteEvent(Utf8JsonWriter json, WatchEventsResponse response)
    {
        switch (response.EventCase)
        {
            case EventCase.LinkUp:
                WritePeer(json, response.LinkUp.PeerId, response.LinkUp.Alias);
                json.WriteString("address", response.LinkUp.Address);
                json.WriteBoolean("dialled", response.LinkUp.Dialled);
                break;
            case EventCase.LinkDown:
                WritePeer(json, response.LinkDown.PeerId, response.LinkDown.Alias);
                json.WriteString("reason", response.LinkDown.Reason);
                break;
            case EventCase.Knock:
                json.WriteString("peerId", response.Knock.PeerId);
                json.WriteString("suggestedName", response.Knock.SuggestedName);
                json.WriteString("address", response.Knock.Address);
                break;
            case EventCase.Delivered:
                WritePeer(json, response.Delivered.PeerId, response.Delivered.Alias);
                json.WriteString("log", response.Delivered.Log);
                json.WriteNumber("sequence", response.Delivered.Sequence);
                break;
            case EventCase.Pinned:
                WritePeer(json, response.Pinned.PeerId, response.Pinned.Alias);
                json.WriteString("address", response.Pinned.Address);
                break;
            case EventCase.Notice:
                json.WriteString("reason", response.Notice.Reason);
                json.WriteString("peerId", response.Notice.PeerId);
                json.WriteString("detail", response.Notice.Detail);
                break;
            case EventCase.Missed:
                json.WriteNumber("count", response.Missed);
                break;
        }
    }

    /// <summary>A number, or null.</summary>
    public static void WriteNumberOrNull(Utf8JsonWriter json, string name, ulong? number)
    {
        if (number is { } value)
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }

    /// <summary>Who, by id and alias.</summary>
    public static void WritePeer(Utf8JsonWriter json, string peerId, string alias)
    {
        json.WriteString("peerId", peerId);
        json.WriteString("alias", alias);
    }

    /// <summary>A name as JSON writes it.</summary>
    public static string Camel(string name) => char.ToLowerInvariant(name[0]) + name[1..];

    /// <summary>UTC, with milliseconds.</summary>
    public static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>One object on one line.</summary>
    public static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}

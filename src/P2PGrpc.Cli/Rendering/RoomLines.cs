using System.Globalization;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Rendering;

/// <summary>Rooms and their members.</summary>
internal static class RoomLines
{
    private const int LongestCell = 200;

    /// <summary>How a room is called in a sentence.</summary>
    public static string Call(Room room) => MessageLines.CallRoom(room.Name.Length > 0 ? "#" + room.Name : room.Conversation);

    /// <summary>How a member is called in a sentence.</summary>
    public static string Call(RoomMember member) => Clean(member.Alias.Length > 0 ? member.Alias : member.PeerId);

    public static void Write(IReadOnlyList<Room> rooms, Surroundings surroundings) => Listing.Write(
        ["ROOM", "MEMBERS", "LINKED", "STATE", "ID"],
        rooms.Select(room => new[] { Call(room), Number(room.Members), Number(room.Linked), room.Joined ? "joined" : "left", Clean(room.Conversation) }),
        surroundings);

    public static void Write(IReadOnlyList<RoomMember> members, Surroundings surroundings) => Listing.Write(
        ["ALIAS", "LINK", "MESSAGES", "TAKEN", "ID", "LAST ERROR"],
        members.Select(member => new[]
        {
            member.Alias.Length > 0 ? Clean(member.Alias) : member.SuggestedName.Length > 0 ? $"({Clean(member.SuggestedName)})" : "-",
            member.Alias == "self" ? "-" : member.Linked ? "up" : "down",
            Number(member.Messages),
            member.Blocked ? "blocked" : member.Muted ? "muted" : "yes",
            Clean(member.PeerId),
            member.LastError.Length > 0 ? Clean(member.LastError) : "-",
        }),
        surroundings);

    private static string Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Clean(string text) => DisplayText.Clean(text, LongestCell);
}

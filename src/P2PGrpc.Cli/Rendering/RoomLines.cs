using System.Globalization;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;
using Spectre.Console;

namespace P2PGrpc.Cli.Rendering;

/// <summary>Rooms and their members: a table for people, lines of tab-separated columns where the output goes elsewhere.</summary>
internal static class RoomLines
{
    private const int LongestCell = 200;
    private const int CellPadding = 3;

    /// <summary>How a room is called in a sentence.</summary>
    public static string Call(Room room) => MessageLines.CallRoom(room.Name.Length > 0 ? "#" + room.Name : room.Conversation);

    public static void Write(IReadOnlyList<Room> rooms, Surroundings surroundings) => Write(
        ["ROOM", "MEMBERS", "LINKED", "STATE", "ID"],
        rooms.Select(room => new[] { Call(room), Number(room.Members), Number(room.Linked), room.Joined ? "joined" : "left", Clean(room.Conversation) }),
        surroundings);

    public static void Write(IReadOnlyList<RoomMember> members, Surroundings surroundings) => Write(
        ["ALIAS", "LINK", "MESSAGES", "ID", "LAST ERROR"],
        members.Select(member => new[]
        {
            member.Alias.Length > 0 ? Clean(member.Alias) : member.SuggestedName.Length > 0 ? $"({Clean(member.SuggestedName)})" : "-",
            member.Alias == "self" ? "-" : member.Linked ? "up" : "down",
            Number(member.Messages),
            Clean(member.PeerId),
            member.LastError.Length > 0 ? Clean(member.LastError) : "-",
        }),
        surroundings);

    private static void Write(string[] titles, IEnumerable<string[]> rows, Surroundings surroundings)
    {
        if (!surroundings.Colors)
        {
            surroundings.Write(string.Join('\t', titles));
            foreach (var row in rows)
                surroundings.Write(string.Join('\t', row));
            return;
        }

        var cells = rows.ToList();
        if (titles.Select((title, column) => cells.Select(row => row[column].Length).Append(title.Length).Max() + CellPadding).Sum() > surroundings.Columns())
        {
            // Too narrow for a table: with the ids in pieces it could be neither read nor copied.
            foreach (var row in cells)
                surroundings.Write(new StyledLine().Add(row[0], StyledLine.Name).Add("  " + string.Join("  ", row[1..])));
            return;
        }

        var table = new Table().Border(TableBorder.Simple);
        foreach (var title in titles)
            table.AddColumn(new TableColumn(new Text(title, StyledLine.Dim)));
        foreach (var row in cells)
            table.AddRow(row.Select((cell, column) => new Text(cell, column == 0 ? StyledLine.Name : Style.Plain)));
        surroundings.Write(table);
    }

    private static string Number(ulong number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Clean(string text) => DisplayText.Clean(text, LongestCell);
}

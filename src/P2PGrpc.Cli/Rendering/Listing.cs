using Spectre.Console;

namespace P2PGrpc.Cli.Rendering;

/// <summary>Rows of cells: a table for people, lines of tab-separated columns where the output goes elsewhere.</summary>
internal static class Listing
{
    private const int CellPadding = 3;

    /// <param name="titles">Of the columns.</param>
    /// <param name="rows">Cells that are safe on a terminal.</param>
    /// <param name="surroundings">Where to write.</param>
    public static void Write(string[] titles, IEnumerable<string[]> rows, Surroundings surroundings)
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
}

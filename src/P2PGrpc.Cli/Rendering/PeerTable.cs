using System.Globalization;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;
using Spectre.Console;

namespace P2PGrpc.Cli.Rendering;

/// <summary>The list of peers: a table for people, a few lines for each peer where the screen is too narrow for one, and lines of tab-separated columns where
/// the output goes elsewhere.</summary>
internal static class PeerTable
{
    private const int LongestCell = 200;

    // Columns in which an error can still be read, and those between two cells.
    private const int NarrowestError = 30;
    private const int CellPadding = 3;
    private static readonly string[] Titles = ["ALIAS", "LINK", "ADMISSION", "UNDELIVERED", "ID", "ADDRESSES", "LAST ERROR"];

    public static void Write(IReadOnlyList<Peer> peers, Surroundings surroundings, string nodeOptions)
    {
        if (!surroundings.Colors)
        {
            surroundings.Write(string.Join('\t', Titles));
            foreach (var peer in peers)
                surroundings.Write(string.Join('\t', Cells(peer)));
            return;
        }
        var rows = peers.Select(Cells).ToList();
        if (CountColumns(rows) <= surroundings.Columns())
            surroundings.Write(CreateTable(peers, rows));
        else
            foreach (var line in peers.SelectMany(CreateLines))
                surroundings.Write(line);
        foreach (var peer in peers.Where(peer => peer.Admission == Admission.Knocking))
        {
            surroundings.Write(new StyledLine().Add(
                $"{Clean(peer.PeerId)} knocked; to let it in: p2pgrpc peers accept {Clean(peer.PeerId)}{nodeOptions}", StyledLine.Alarm));
        }
    }

    /// <summary>One peer in one line, as the answer to a change.</summary>
    public static string Describe(Peer peer)
    {
        var name = MessageLines.Call(peer.Alias, peer.PeerId.Length > 0 ? peer.PeerId : string.Join(' ', peer.Addresses));
        var id = peer.Alias.Length > 0 && peer.PeerId.Length > 0 ? $" ({Clean(peer.PeerId)})" : "";
        return $"{name}{id} is {JsonLines.Word(peer.Admission)}, link {JsonLines.Word(peer.Link)}";
    }

    private static Table CreateTable(IReadOnlyList<Peer> peers, IReadOnlyList<string[]> rows)
    {
        var table = new Table().Border(TableBorder.Simple);
        foreach (var title in Titles)
            table.AddColumn(new TableColumn(new Text(title, StyledLine.Dim)) { NoWrap = title != Titles[^1] });
        foreach (var (peer, row) in peers.Zip(rows))
            table.AddRow(row.Select((cell, column) => new Text(cell, Style(peer, column))));
        return table;
    }

    /// <summary>The least width of the table, in which no cell but the last of a row is broken: with the ids in pieces it could be neither read nor copied.</summary>
    private static int CountColumns(IReadOnlyList<string[]> rows) => Titles.Select((title, column) =>
    {
        var widest = rows.Select(row => row[column]).Append(title).Max(cell => cell.Sum(letter => char.IsAscii(letter) ? 1 : 2));
        return (column == Titles.Length - 1 ? Math.Min(widest, NarrowestError) : widest) + CellPadding;
    }).Sum();

    private static IEnumerable<StyledLine> CreateLines(Peer peer)
    {
        var cells = Cells(peer);
        yield return new StyledLine()
            .Add(cells[0], Style(peer, 0)).Add("  ").Add(cells[1], Style(peer, 1)).Add("  ").Add(cells[2], Style(peer, 2)).Add($"  {cells[3]} undelivered");
        if (peer.PeerId.Length > 0)
            yield return new StyledLine().Add("  " + cells[4]);
        if (peer.Addresses.Count > 0)
            yield return new StyledLine().Add("  at " + cells[5]);
        if (peer.LastError.Length > 0)
            yield return new StyledLine().Add("  last error: " + cells[6]);
    }

    private static string[] Cells(Peer peer) =>
    [
        peer.Alias.Length > 0 ? Clean(peer.Alias) : peer.SuggestedName.Length > 0 ? $"({Clean(peer.SuggestedName)})" : "-",
        peer.Link == LinkState.Up && peer.RoundTripMs is > 0 and < 1e9
            ? string.Create(CultureInfo.InvariantCulture, $"up {peer.RoundTripMs:0.0}ms")
            : peer.ThisNode ? "this node" : JsonLines.Word(peer.Link),
        JsonLines.Word(peer.Admission),
        peer.Undelivered.ToString(CultureInfo.InvariantCulture),
        peer.PeerId.Length > 0 ? Clean(peer.PeerId) : "-",
        peer.Addresses.Count > 0 ? Clean(string.Join(' ', peer.Addresses)) : "-",
        peer.LastError.Length > 0 ? Clean(peer.LastError) : "-",
    ];

    private static Style Style(Peer peer, int column) => column switch
    {
        0 => StyledLine.Name,
        1 when peer.Link == LinkState.Up => StyledLine.Own,
        2 when peer.Admission == Admission.Knocking => StyledLine.Alarm,
        _ => Spectre.Console.Style.Plain,
    };

    private static string Clean(string text) => DisplayText.Clean(text, LongestCell);
}

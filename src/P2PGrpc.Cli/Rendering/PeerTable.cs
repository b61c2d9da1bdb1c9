using System.Globalization;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;
using Spectre.Console;

namespace P2PGrpc.Cli.Rendering;

/// <summary>The list of peers: a table for people, lines of tab-separated columns where the output goes elsewhere.</summary>
internal static class PeerTable
{
    private const int LongestCell = 200;
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
        var table = new Table().Border(TableBorder.Simple);
        foreach (var title in Titles)
            table.AddColumn(new TableColumn(new Text(title, StyledLine.Dim)));
        foreach (var peer in peers)
            table.AddRow(Cells(peer).Select((cell, column) => new Text(cell, Style(peer, column))));
        surroundings.Write(table);
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

    private static string[] Cells(Peer peer) =>
    [
        peer.Alias.Length > 0 ? Clean(peer.Alias) : peer.SuggestedName.Length > 0 ? $"({Clean(peer.SuggestedName)})" : "-",
        peer.Link == LinkState.Up && peer.RoundTripMs is > 0 and < 1e9
            ? string.Create(CultureInfo.InvariantCulture, $"up {peer.RoundTripMs:0.0}ms")
            : JsonLines.Word(peer.Link),
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

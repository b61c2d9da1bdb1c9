namespace P2PGrpc.Cli.Rendering;

/// <summary>A ticket for people: its text, and a QR code if one is asked for.</summary>
internal static class TicketLines
{
    public static void Write(string ticket, bool qr, Surroundings surroundings)
    {
        surroundings.Write(ticket);
        if (!qr)
            return;
        var code = QrLines.Create(ticket).ToList();
        if (surroundings.Colors && surroundings.Columns() < code[0].Length)
            surroundings.Write($"Its QR code is {code[0].Length} columns wide: make the terminal wider.");
        else
            code.ForEach(surroundings.Write);
    }
}

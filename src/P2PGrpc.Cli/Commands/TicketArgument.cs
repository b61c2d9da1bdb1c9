using System.CommandLine;

namespace P2PGrpc.Cli.Commands;

/// <summary>A ticket on the command line, or by standard input.</summary>
internal static class TicketArgument
{
    public static Argument<string> Create() =>
        new("ticket") { Description = "The ticket; - reads it from standard input, where no list of processes shows it" };

    public static bool IsOfPeer(string ticket) => Begins(ticket, "peer-");

    public static bool IsOfRoom(string ticket) => Begins(ticket, "room-");

    public static async Task<string> ReadAsync(string given, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (given != "-")
            return given;
        await using var input = surroundings.OpenInput();
        return InputText.Decode(await InputText.ReadAsync(input, InputText.LargestBody, InputText.StandardInput, cancellationToken), InputText.StandardInput).Trim();
    }

    // Tickets may come in capitals, and over several lines.
    private static bool Begins(string ticket, string kind) =>
        string.Concat(ticket.Where(letter => !char.IsWhiteSpace(letter)).Take(kind.Length)).Equals(kind, StringComparison.OrdinalIgnoreCase);
}

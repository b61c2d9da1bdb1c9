using System.CommandLine;

namespace P2PGrpc.Cli.Commands;

/// <summary>A ticket on the command line, or by standard input.</summary>
internal static class TicketArgument
{
    public static Argument<string> Create() =>
        new("ticket") { Description = "The ticket; - reads it from standard input, where no list of processes shows it" };

    public static async Task<string> ReadAsync(string given, Surroundings surroundings, CancellationToken cancellationToken)
    {
        if (given != "-")
            return given;
        await using var input = surroundings.OpenInput();
        return InputText.Decode(await InputText.ReadAsync(input, InputText.LargestBody, InputText.StandardInput, cancellationToken), InputText.StandardInput).Trim();
    }
}

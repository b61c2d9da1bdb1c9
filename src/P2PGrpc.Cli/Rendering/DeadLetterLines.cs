using System.Globalization;
using P2PGrpc.Client;
using P2PGrpc.Node.Telemetry;

namespace P2PGrpc.Cli.Rendering;

/// <summary>Dead letters, for people and for programs.</summary>
internal static class DeadLetterLines
{
    private const int LongestCell = 80;

    public static void Write(IReadOnlyList<DeadLetter> letters, Surroundings surroundings)
    {
        var lines = new MessageLines(surroundings.Time);
        Listing.Write(
            ["TIME", "FROM", "HANDLER", "CONSUMER", "TRIED", "ERROR", "REFERENCE"],
            letters.Select(letter => new[]
            {
                lines.Moment(letter.Time), Clean(letter.From), Clean(letter.Handler), Clean(letter.Consumer), letter.Attempts.ToString(CultureInfo.InvariantCulture),
                Clean(letter.Error), Clean(letter.Reference),
            }),
            surroundings);
    }

    public static string Clean(string text) => DisplayText.Clean(text, LongestCell);

    public static string Json(DeadLetter letter) => JsonLines.Write(json =>
    {
        json.WriteString("type", "deadLetter");
        json.WriteString("reference", letter.Reference);
        json.WriteString("time", JsonLines.Time(letter.Time));
        json.WriteString("messageReference", letter.MessageReference);
        json.WriteString("author", letter.Author);
        json.WriteString("from", letter.From);
        json.WriteString("handler", letter.Handler);
        json.WriteString("consumer", letter.Consumer);
        json.WriteNumber("attempts", letter.Attempts);
        json.WriteString("error", letter.Error);
        json.WriteBoolean("complete", letter.IsComplete);
        if (letter.Copy.Text is { } text)
            json.WriteString("text", text);
        else
            json.WriteBase64String("data", letter.Copy.Data.Span);
        json.WriteString("contentType", letter.Copy.ContentType);
        json.WriteStartObject("headers");
        foreach (var (name, value) in letter.Headers)
            json.WriteString(name, value);
        json.WriteEndObject();
    });

    public static string Json(DeadLetter letter, DeadLetterOutcome outcome, string error) => JsonLines.Write(json =>
    {
        json.WriteString("type", "deadLetterOutcome");
        json.WriteString("reference", letter.Reference);
        json.WriteString("outcome", outcome switch
        {
            DeadLetterOutcome.Replayed => "replayed",
            DeadLetterOutcome.Failed => "failed",
            DeadLetterOutcome.Discarded => "discarded",
            _ => "asked",
        });
        json.WriteString("error", error);
    });
}

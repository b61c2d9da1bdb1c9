using System.Text;
using System.Text.Json;

namespace P2PGrpc.Client;

/// <summary>A row of an outbox that is still to be sent.</summary>
/// <param name="Sequence">Its place in the order of sending.</param>
/// <param name="To">The recipient.</param>
/// <param name="Message">The message, with its message_id; null if what stands there is none.</param>
/// <param name="Fault">Why it is none.</param>
internal sealed record OutboxRow(long Sequence, string To, OutgoingMessage? Message, string Fault)
{
    /// <summary>Reads the columns of a row. Whoever else writes to the table may have written anything there: it must not stop the rows behind it.</summary>
    public static OutboxRow Read(long sequence, object to, object messageId, object contentType, object body, object headers)
    {
        if (to is not string { Length: > 0 } recipient)
            return new OutboxRow(sequence, "", null, "The column recipient holds no text.");
        if (messageId is not string { Length: > 0 } id)
            return new OutboxRow(sequence, recipient, null, "The column message_id holds no text.");
        if (contentType is not string type)
            return new OutboxRow(sequence, recipient, null, "The column content_type holds no text; it is empty where the body is one.");
        // SQLite lets a text stand where bytes are asked for.
        if ((body as byte[] ?? (body is string text ? Encoding.UTF8.GetBytes(text) : null)) is not { } bytes)
            return new OutboxRow(sequence, recipient, null, "The column body holds no bytes.");
        if (ReadHeaders(headers) is not { } pairs)
            return new OutboxRow(sequence, recipient, null, "The column headers holds no JSON object of texts, such as {}.");
        var message = type.Length == 0 ? OutgoingMessage.FromText(Encoding.UTF8.GetString(bytes)) : OutgoingMessage.FromData(bytes, type);
        return new OutboxRow(sequence, recipient, message with { MessageId = id, Headers = pairs }, "");
    }

    private static Dictionary<string, string>? ReadHeaders(object column)
    {
        try
        {
            var headers = column is string text ? JsonSerializer.Deserialize(text, OutboxHeaders.Default.DictionaryStringString) : null;
            return headers?.Values.Any(value => value is null) == false ? headers : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

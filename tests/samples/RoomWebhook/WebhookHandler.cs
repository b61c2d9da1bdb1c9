using System.Globalization;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using P2PGrpc.Client;

namespace RoomWebhook;

/// <summary>
/// Posts a message of the room. The node counts it as handled only after a 2xx: anything else is an error, after which the same message is tried again with growing
/// pauses, and the messages behind it wait. So each arrives at least once, in order; the other side knows a repetition by its reference.
/// </summary>
internal sealed class WebhookHandler(HttpClient http, WebhookSettings settings, TimeProvider time) : IMessageHandler
{
    public async Task HandleAsync(ReceivedMessage message, MessageContext context, CancellationToken cancellationToken)
    {
        using var body = JsonContent.Create(new
        {
            reference = message.Reference,
            room = message.Room,
            author = message.Author,
            alias = message.Alias,
            time = message.Time,
            text = message.Text,
            data = message.Text is null ? Convert.ToBase64String(message.Data.Span) : null,
            contentType = message.ContentType,
        });
        var bytes = await body.ReadAsByteArrayAsync(cancellationToken);
        using var request = new HttpRequestMessage(HttpMethod.Post, settings.Url) { Content = body };
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        request.Headers.Add("P2PGrpc-Reference", message.Reference);
        request.Headers.Add("P2PGrpc-Timestamp", timestamp);
        request.Headers.Add("P2PGrpc-Signature", Sign(timestamp, bytes));
        using var response = await http.SendAsync(request, cancellationToken);
        response.EnsureSuccessStatusCode();
        Console.WriteLine($"posted {message.Reference}");
    }

    /// <summary>HMAC-SHA-256 over the time, a dot and the body, so that an old post can't be shown again as a new one.</summary>
    private string Sign(string timestamp, byte[] body)
    {
        using var mac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(settings.Secret));
        mac.AppendData(Encoding.ASCII.GetBytes(timestamp + "."));
        mac.AppendData(body);
        return "sha256=" + Convert.ToHexStringLower(mac.GetHashAndReset());
    }
}

using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>A site of one page, which tells it by a POST what it has seen.</summary>
internal sealed class WebSite : IAsyncDisposable
{
    private const int LongestRequest = 64 * 1024;

    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly TaskCompletionSource<string> seen = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task serving;

    public WebSite(string page)
    {
        listener.Start();
        serving = ServeAsync(page);
    }

    public string Address => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture)}/";

    /// <summary>What the page has told.</summary>
    public Task<string> Seen => seen.Task;

    public async ValueTask DisposeAsync()
    {
        listener.Stop();
        await serving;
    }

    private async Task ServeAsync(string page)
    {
        while (true)
        {
            try
            {
                using var client = await listener.AcceptTcpClientAsync();
                await AnswerAsync(client.GetStream(), page);
            }
            catch (Exception stopped) when (stopped is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return;
            }
            catch (IOException)
            {
                // A connection that the browser opened in advance and gave up: the next one.
            }
        }
    }

    private async Task AnswerAsync(NetworkStream stream, string page)
    {
        var request = await ReadAsync(stream);
        var said = request.StartsWith("POST /seen", StringComparison.Ordinal);
        var control = request.StartsWith("GET /control", StringComparison.Ordinal);
        var body = Encoding.UTF8.GetBytes(control ? "the page's own site" : said ? "" : page);
        var head = $"HTTP/1.1 200 OK\r\ncontent-type: {(control ? "text/plain" : "text/html")}; charset=utf-8\r\n"
            + $"content-length: {body.Length.ToString(CultureInfo.InvariantCulture)}\r\nconnection: close\r\n\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
        await stream.WriteAsync(body);
        if (said)
            seen.TrySetResult(request[(request.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4)..]);
    }

    /// <summary>Reads a whole request: its header, and as much body as that announces.</summary>
    private static async Task<string> ReadAsync(NetworkStream stream)
    {
        var buffer = new byte[LongestRequest];
        var length = 0;
        while (true)
        {
            var read = await stream.ReadAsync(buffer.AsMemory(length));
            if (read == 0)
                throw new IOException("The request ended early.");
            length += read;
            var text = Encoding.UTF8.GetString(buffer, 0, length);
            var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
            if (end >= 0 && length >= end + 4 + ContentLength(text[..end]))
                return text;
        }
    }

    private static int ContentLength(string head)
    {
        const string name = "content-length:";
        var line = head.Split("\r\n").FirstOrDefault(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase));
        return line is null ? 0 : int.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }
}

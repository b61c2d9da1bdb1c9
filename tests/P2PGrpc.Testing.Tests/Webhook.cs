using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Testing.Tests;

/// <summary>The receiving end of a webhook, which checks the signature as its users would.</summary>
internal sealed class Webhook : IAsyncDisposable
{
    private readonly WebApplication application;
    private readonly byte[] secret;
    private readonly ConcurrentQueue<string> posts = new();
    private int refusals;

    private Webhook(WebApplication application, string secret)
    {
        this.application = application;
        this.secret = Encoding.UTF8.GetBytes(secret);
    }

    /// <summary>How many of the next posts are answered by 503.</summary>
    public int Refusals
    {
        set => refusals = value;
    }

    public string Url => application.Urls.First() + "/hook";

    /// <summary>What came: the answer, and the message's text.</summary>
    public IReadOnlyCollection<string> Posts => posts;

    public static async Task<Webhook> StartAsync(string secret)
    {
        var builder = WebApplication.CreateSlimBuilder(["--urls=http://127.0.0.1:0"]);
        builder.Logging.ClearProviders();
        var hook = new Webhook(builder.Build(), secret);
        hook.application.MapPost("/hook", (RequestDelegate)hook.TakeAsync);
        await hook.application.StartAsync();
        return hook;
    }

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private async Task TakeAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var headers = context.Request.Headers;
        var signed = Encoding.ASCII.GetBytes(headers["P2PGrpc-Timestamp"] + ".").Concat(body.ToArray()).ToArray();
        var expected = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(secret, signed));
        var message = JsonDocument.Parse(body.ToArray()).RootElement;
        var isRight = headers["P2PGrpc-Signature"] == expected && headers["P2PGrpc-Reference"] == message.GetProperty("reference").GetString();
        context.Response.StatusCode = !isRight ? 403 : Interlocked.Decrement(ref refusals) >= 0 ? 503 : 200;
        posts.Enqueue($"{context.Response.StatusCode} {message.GetProperty("text").GetString()}");
    }
}

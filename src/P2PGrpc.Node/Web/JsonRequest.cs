using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using P2PGrpc.Node.Conversations;

namespace P2PGrpc.Node.Web;

/// <summary>Makes a method's request of a path, a query and a body.</summary>
internal static class JsonRequest
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <exception cref="HttpRefusal">The body is of another kind, or there must be none.</exception>
    /// <exception cref="RpcException">INVALID_ARGUMENT: what was given does not make a request.</exception>
    public static async Task<IMessage> ReadAsync(HttpContext context, HttpRule rule)
    {
        var json = rule.HasBody ? await ReadBodyAsync(context).ConfigureAwait(false) : ReadQuery(context.Request, rule);
        var message = Parse(json, rule);
        foreach (var field in rule.PathFields)
        {
            var given = (string)context.Request.RouteValues[field.Name]!;
            var also = (string)field.Accessor.GetValue(message);
            if (also.Length > 0 && also != given)
                throw Wrong(field.Name, $"The path says {field.Name} is '{given}', and the rest of the request says '{also}'. Leave it out there.");
            field.Accessor.SetValue(message, given);
        }

        return message;
    }

    /// <summary>Public for fuzzing: whatever the text is, it is a message or refused.</summary>
    public static IMessage Parse(string json, HttpRule rule)
    {
        try
        {
            return JsonForm.Parser.Parse(json, rule.Method.InputType);
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException or ArgumentException or InvalidOperationException)
        {
            var fields = string.Join(", ", rule.Method.InputType.Fields.InDeclarationOrder().Select(field => field.Name));
            throw Wrong(
                rule.HasBody ? "body" : "query",
                $"The {(rule.HasBody ? "body" : "query")} is no {rule.Method.InputType.Name}: {fault.Message.TrimEnd('.')}. "
                + (fields.Length > 0 ? $"It has {fields}." : "It has no fields."));
        }
    }

    private static async Task<string> ReadBodyAsync(HttpContext context)
    {
        var request = context.Request;
        if (request.QueryString.HasValue)
            throw Wrong("query", "This call takes a JSON body and no query. Put it all into the body.");
        using var bytes = new MemoryStream();
        await request.Body.CopyToAsync(bytes, context.RequestAborted).ConfigureAwait(false);
        if (bytes.Length == 0)
            return "{}";
        // The type also is what keeps a page of another origin from sending this without asking first.
        if (!IsJson(request.ContentType))
            throw new HttpRefusal(StatusCodes.Status415UnsupportedMediaType, new NodeRequestException(
                StatusCode.InvalidArgument, "CONTENT_TYPE", "The body must be JSON in UTF-8: send the header 'content-type: application/json' (with curl: --json)."));
        try
        {
            return Strict.GetString(bytes.GetBuffer(), 0, (int)bytes.Length);
        }
        catch (DecoderFallbackException)
        {
            throw Wrong("body", "The body is no UTF-8.");
        }
    }

    private static string ReadQuery(HttpRequest request, HttpRule rule)
    {
        if (request.ContentLength > 0 || request.Headers.TransferEncoding.Count > 0)
            throw Wrong("body", $"A {request.Method} takes no body here. Put it into the query.");
        try
        {
            return QueryFields.ToJson(rule.Method.InputType, request.Query);
        }
        catch (FormatException wrong)
        {
            throw Wrong("query", wrong.Message);
        }
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && JsonForm.MediaType.Equals(type.MediaType, StringComparison.OrdinalIgnoreCase)
        && (type.CharSet is null || type.CharSet.Trim('"').Equals("utf-8", StringComparison.OrdinalIgnoreCase));

    private static RpcException Wrong(string field, string message) => Api.ErrorMapping.ToRpcException(NodeRequestException.Invalid(field, message));
}

using System.Text.Json;
using Google.Protobuf.Reflection;
using Google.Rpc;
using P2PGrpc.Node.Api;

namespace P2PGrpc.Node.Web;

/// <summary>The JSON view as an OpenAPI 3.1 document, made of the rules and of what the generated code knows of the messages. Pure.</summary>
internal static class OpenApiDocument
{
    private static readonly JsonWriterOptions Options = new() { Indented = true };

    /// <summary>UTF-8.</summary>
    public static byte[] Write(IReadOnlyList<HttpRule> rules)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text, Options))
        {
            json.WriteStartObject();
            json.WriteString("openapi", "3.1.0");
            WriteHead(json, rules);
            json.WriteStartObject("paths");
            foreach (var path in rules.GroupBy(rule => rule.Path, StringComparer.Ordinal))
            {
                json.WriteStartObject(path.Key);
                foreach (var rule in path)
                    WriteOperation(json, rule);
                json.WriteEndObject();
            }

            json.WriteEndObject();
            WriteComponents(json, rules);
            json.WriteEndObject();
        }

        return text.ToArray();
    }

    private static void WriteHead(Utf8JsonWriter json, IReadOnlyList<HttpRule> rules)
    {
        json.WriteStartObject("info");
        json.WriteString("title", "P2PGrpc: the JSON view of a node");
        json.WriteString("version", NodeDescription.Version);
        json.WriteString("description", "Fields that have their default value (an empty text, 0, false) are left out of answers. 64-bit numbers are texts. Unknown fields are refused.");
        json.WriteStartObject("license");
        json.WriteString("name", "Apache-2.0");
        json.WriteString("identifier", "Apache-2.0");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartArray("servers");
        json.WriteStartObject();
        json.WriteString("url", "/");
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteStartArray("tags");
        foreach (var service in rules.Select(rule => rule.Method.Service.Name).Distinct(StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("name", service);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("security");
        json.WriteStartObject();
        json.WriteStartArray("token");
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
    }

    private static void WriteOperation(Utf8JsonWriter json, HttpRule rule)
    {
        json.WriteStartObject(rule.Verb.ToLowerInvariant());
        json.WriteString("operationId", $"{rule.Method.Service.Name}_{rule.Method.Name}");
        json.WriteString("summary", rule.Summary);
        json.WriteStartArray("tags");
        json.WriteStringValue(rule.Method.Service.Name);
        json.WriteEndArray();
        WriteParameters(json, rule);
        if (rule.HasBody)
        {
            json.WriteStartObject("requestBody");
            json.WriteBoolean("required", false);
            WriteContent(json, JsonForm.MediaType, rule.Method.InputType);
            json.WriteEndObject();
        }

        json.WriteStartObject("responses");
        json.WriteStartObject("200");
        json.WriteString("description", rule.Method.IsServerStreaming
            ? "Events, the data of each being this message. One of the type status, the last one, says by a google.rpc.Status why the stream ended."
            : "Done.");
        WriteContent(json, rule.Method.IsServerStreaming ? "text/event-stream" : JsonForm.MediaType, rule.Method.OutputType);
        json.WriteEndObject();
        json.WriteStartObject("default");
        json.WriteString("description", "Refused; it says why and what to do.");
        WriteContent(json, JsonForm.MediaType, Status.Descriptor);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteParameters(Utf8JsonWriter json, HttpRule rule)
    {
        json.WriteStartArray("parameters");
        foreach (var field in rule.PathFields)
            WriteParameter(json, field.Name, "path", required: true, () => OpenApiSchemas.WriteField(json, field));
        if (!rule.HasBody)
            foreach (var (name, field) in QueryFields.List(rule.Method.InputType).Where(parameter => !rule.PathFields.Contains(parameter.Field)))
                WriteParameter(json, name, "query", required: false, () => OpenApiSchemas.WriteField(json, field));
        if (rule.Method.OutputType == Protocol.SubscribeResponse.Descriptor)
            WriteParameter(json, "Last-Event-ID", "header", required: false, () => OpenApiSchemas.WriteText(json));
        json.WriteEndArray();
    }

    private static void WriteParameter(Utf8JsonWriter json, string name, string place, bool required, Action writeSchema)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("in", place);
        json.WriteBoolean("required", required);
        json.WritePropertyName("schema");
        writeSchema();
        json.WriteEndObject();
    }

    private static void WriteContent(Utf8JsonWriter json, string mediaType, MessageDescriptor type)
    {
        json.WriteStartObject("content");
        json.WriteStartObject(mediaType);
        json.WritePropertyName("schema");
        OpenApiSchemas.WriteReference(json, type.FullName);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteComponents(Utf8JsonWriter json, IReadOnlyList<HttpRule> rules)
    {
        json.WriteStartObject("components");
        json.WriteStartObject("securitySchemes");
        json.WriteStartObject("token");
        json.WriteString("type", "http");
        json.WriteString("scheme", "bearer");
        json.WriteString("description", "What stands in api.token in the node's data directory.");
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteStartObject("schemas");
        // The request of a call without a body is taken apart into parameters.
        var requests = rules.ToLookup(rule => rule.HasBody, rule => rule.Method.InputType);
        OpenApiSchemas.WriteAll(
            json, requests[true].Concat(rules.Select(rule => rule.Method.OutputType)).Append(Status.Descriptor),
            requests[false].SelectMany(type => QueryFields.List(type)).Select(parameter => parameter.Field));
        json.WriteEndObject();
        json.WriteEndObject();
    }
}

using System.Text.Json;
using Google.Protobuf.Reflection;
using P2PGrpc.Node.Web;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.Node.Tests.Web;

/// <summary>The JSON view and its OpenAPI document hold all that the descriptors have.</summary>
public sealed class HttpRulesTests
{
    private static readonly ServiceDescriptor[] Services = [PeerService.Descriptor, ConversationService.Descriptor, NodeService.Descriptor];

    private static readonly JsonElement Document = JsonDocument.Parse(OpenApiDocument.Write(HttpRules.All)).RootElement;

    [Fact]
    public void Each_method_has_a_rule_or_a_reason_to_have_none()
    {
        foreach (var method in Services.SelectMany(service => service.Methods))
        {
            var rules = HttpRules.All.Count(rule => rule.Method == method);
            var leftOut = HttpRules.LeftOut.ContainsKey($"{method.Service.Name}/{method.Name}");
            Assert.True(rules == (leftOut ? 0 : 1), $"{method.FullName} has {rules} rules: give it one in HttpRules.All, or a reason in HttpRules.LeftOut.");
            Assert.True(leftOut || !method.IsClientStreaming, $"{method.FullName} takes a stream of requests, which has no form here.");
        }
    }

    [Fact]
    public void No_two_methods_are_called_alike_and_paths_hold_texts()
    {
        Assert.Equal(HttpRules.All.Count, HttpRules.All.Select(rule => $"{rule.Verb} {rule.Path}").Distinct().Count());
        Assert.All(HttpRules.All.SelectMany(rule => rule.PathFields), field => Assert.Equal((FieldType.String, false), (field.FieldType, field.IsRepeated)));
        Assert.All(HttpRules.All, rule => Assert.StartsWith("/v1/", rule.Path, StringComparison.Ordinal));
    }

    [Fact]
    public void The_document_has_each_call_with_all_that_it_takes_and_gives()
    {
        foreach (var rule in HttpRules.All)
        {
            var operation = Document.GetProperty("paths").GetProperty(rule.Path).GetProperty(rule.Verb.ToLowerInvariant());
            Assert.Equal($"{rule.Method.Service.Name}_{rule.Method.Name}", operation.GetProperty("operationId").GetString());
            var places = operation.GetProperty("parameters").EnumerateArray().ToLookup(
                parameter => parameter.GetProperty("in").GetString()!, parameter => parameter.GetProperty("name").GetString()!);
            Assert.Equal(rule.PathFields.Select(field => field.Name), places["path"]);
            Assert.Equal(rule.HasBody, operation.TryGetProperty("requestBody", out var body));
            if (rule.HasBody)
                Assert.Equal(rule.Method.InputType.FullName, ReferredTo(body.GetProperty("content").GetProperty("application/json")));
            else
                foreach (var field in rule.Method.InputType.Fields.InDeclarationOrder().Except(rule.PathFields))
                    Assert.Contains(places["query"], name => name == field.Name || name.StartsWith(field.Name + ".", StringComparison.Ordinal));
            var content = operation.GetProperty("responses").GetProperty("200").GetProperty("content");
            Assert.Equal(rule.Method.OutputType.FullName, ReferredTo(content.GetProperty(rule.Method.IsServerStreaming ? "text/event-stream" : "application/json")));
        }
    }

    [Fact]
    public void The_document_has_each_message_with_all_its_fields_and_nothing_leads_nowhere()
    {
        var schemas = Document.GetProperty("components").GetProperty("schemas");
        var requests = HttpRules.All.Where(rule => rule.HasBody).Select(rule => rule.Method.InputType);
        foreach (var message in requests.Concat(HttpRules.All.Select(rule => rule.Method.OutputType)).SelectMany(WithAllInside).Distinct())
        {
            var properties = schemas.GetProperty(message.FullName).GetProperty("properties");
            Assert.Equal(message.Fields.InDeclarationOrder().Select(field => field.JsonName), properties.EnumerateObject().Select(property => property.Name));
        }

        var references = References(Document).ToList();
        Assert.True(references.Count > 100, $"There are {references.Count} references.");
        Assert.All(references, reference => Assert.True(schemas.TryGetProperty(reference, out _), $"{reference} is missing."));
        Assert.All(schemas.EnumerateObject(), schema => Assert.Contains(schema.Name, references));
    }

    private static IEnumerable<MessageDescriptor> WithAllInside(MessageDescriptor message) =>
        message.Fields.InDeclarationOrder().Where(field => field.FieldType == FieldType.Message && !field.IsMap && field.MessageType != message)
            .SelectMany(field => WithAllInside(field.MessageType)).Prepend(message);

    private static string ReferredTo(JsonElement content) => content.GetProperty("schema").GetProperty("$ref").GetString()!.Split('/')[^1];

    private static IEnumerable<string> References(JsonElement element) => element.ValueKind switch
    {
        JsonValueKind.Object => element.EnumerateObject().SelectMany(
            property => property.Name == "$ref" ? [property.Value.GetString()!.Split('/')[^1]] : References(property.Value)),
        JsonValueKind.Array => element.EnumerateArray().SelectMany(References),
        _ => [],
    };
}

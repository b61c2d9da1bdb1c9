using System.Text;
using System.Text.Json;
using Google.Protobuf.Reflection;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace P2PGrpc.Node.Web;

/// <summary>A query as the JSON of a message: page_size=10 or pageSize=10; a field of a field by a dot, after.position=7; a list by repeating its name. Pure.</summary>
internal static class QueryFields
{
    /// <exception cref="FormatException">It names a field that the message does not have, or in a way that does not fit.</exception>
    public static string ToJson(MessageDescriptor type, IQueryCollection query)
    {
        using var text = new MemoryStream();
        using (var json = new Utf8JsonWriter(text))
            Write(json, type, [.. query.Select(pair => new Parameter(pair.Key, pair.Key.Split('.', WebLimits.Depth), pair.Value))], 0);
        return Encoding.UTF8.GetString(text.GetBuffer(), 0, (int)text.Length);
    }

    /// <summary>The names that a query may use for a message, each with its field: those of fields within fields too.</summary>
    public static IEnumerable<(string Name, FieldDescriptor Field)> List(MessageDescriptor type, string prefix = "")
    {
        foreach (var field in type.Fields.InDeclarationOrder())
            if (IsLeaf(field))
                yield return (prefix + field.Name, field);
            else if (IsWalked(field) && prefix.Count(c => c == '.') < 2)
                foreach (var inner in List(field.MessageType, $"{prefix}{field.Name}."))
                    yield return inner;
    }

    private static void Write(Utf8JsonWriter json, MessageDescriptor type, IReadOnlyList<Parameter> parameters, int depth)
    {
        json.WriteStartObject();
        foreach (var group in parameters.GroupBy(parameter => Find(type, parameter, depth)))
        {
            var field = group.Key;
            json.WritePropertyName(field.JsonName);
            if (IsWalked(field) && group.All(parameter => parameter.Path.Length > depth + 1))
                Write(json, field.MessageType, [.. group], depth + 1);
            else if (IsLeaf(field) && group.All(parameter => parameter.Path.Length == depth + 1))
                WriteValues(json, field, [.. group.SelectMany(parameter => parameter.Values.ToArray()).Select(value => value ?? "")]);
            else
                throw new FormatException($"'{group.First().Name}' can't be given by a query.");
        }

        json.WriteEndObject();
    }

    private static void WriteValues(Utf8JsonWriter json, FieldDescriptor field, string[] values)
    {
        if (!field.IsRepeated)
        {
            if (values.Length > 1)
                throw new FormatException($"'{field.Name}' stands more than once in the query.");
            WriteValue(json, field, values[0]);
            return;
        }

        json.WriteStartArray();
        foreach (var value in values)
            WriteValue(json, field, value);
        json.WriteEndArray();
    }

    private static void WriteValue(Utf8JsonWriter json, FieldDescriptor field, string value)
    {
        // Numbers may stand as texts in JSON, truths may not.
        if (field.FieldType != FieldType.Bool)
            json.WriteStringValue(value);
        else if (value is "true" or "false")
            json.WriteBooleanValue(value == "true");
        else
            throw new FormatException($"'{field.Name}' is true or false, not '{value}'.");
    }

    private static FieldDescriptor Find(MessageDescriptor type, Parameter parameter, int depth)
    {
        var name = parameter.Path[depth];
        return type.Fields.InDeclarationOrder().FirstOrDefault(field => field.Name == name || field.JsonName == name)
            ?? throw new FormatException(
                $"There is no '{parameter.Name}'. " + (type.Fields.InDeclarationOrder().Count == 0
                    ? "This call takes nothing."
                    : $"{type.Name} has {string.Join(", ", type.Fields.InDeclarationOrder().Select(field => field.Name))}."));
    }

    private static bool IsLeaf(FieldDescriptor field) => !field.IsMap
        && (field.FieldType is not (FieldType.Message or FieldType.Group) || field.MessageType.FullName.StartsWith("google.protobuf.", StringComparison.Ordinal));

    private static bool IsWalked(FieldDescriptor field) => !field.IsMap && !field.IsRepeated && !IsLeaf(field);

    private sealed record Parameter(string Name, string[] Path, StringValues Values);
}

using System.Text.Json;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;

namespace P2PGrpc.Node.Web;

/// <summary>Messages as schemas of JSON, by the mapping of Protobuf. Pure.</summary>
internal static class OpenApiSchemas
{
    /// <summary>Writes the schemas of these messages, of these fields, and of all that they hold, each once, in the order of their names.</summary>
    public static void WriteAll(Utf8JsonWriter json, IEnumerable<MessageDescriptor> roots, IEnumerable<FieldDescriptor> fields)
    {
        var messages = new SortedDictionary<string, MessageDescriptor>(StringComparer.Ordinal);
        var enums = new SortedDictionary<string, EnumDescriptor>(StringComparer.Ordinal);
        foreach (var root in roots)
            Gather(root, messages, enums);
        foreach (var field in fields)
            Gather(field, messages, enums);
        foreach (var message in messages.Values)
            WriteMessage(json, message);
        foreach (var type in enums.Values)
            WriteEnum(json, type);
    }

    public static void WriteReference(Utf8JsonWriter json, string fullName)
    {
        json.WriteStartObject();
        json.WriteString("$ref", $"#/components/schemas/{fullName}");
        json.WriteEndObject();
    }

    public static void WriteText(Utf8JsonWriter json) => WriteSimple(json, "string");

    public static void WriteField(Utf8JsonWriter json, FieldDescriptor field)
    {
        if (field.IsMap)
        {
            json.WriteStartObject();
            json.WriteString("type", "object");
            json.WritePropertyName("additionalProperties");
            WriteValue(json, field.MessageType.FindFieldByNumber(2));
            json.WriteEndObject();
        }
        else if (field.IsRepeated)
        {
            json.WriteStartObject();
            json.WriteString("type", "array");
            json.WritePropertyName("items");
            WriteValue(json, field);
            json.WriteEndObject();
        }
        else
        {
            WriteValue(json, field);
        }
    }

    private static void Gather(MessageDescriptor message, IDictionary<string, MessageDescriptor> messages, IDictionary<string, EnumDescriptor> enums)
    {
        if (!messages.TryAdd(message.FullName, message))
            return;
        if (message == Any.Descriptor)
            return;
        foreach (var field in message.Fields.InDeclarationOrder())
            Gather(field.IsMap ? field.MessageType.FindFieldByNumber(2) : field, messages, enums);
    }

    private static void Gather(FieldDescriptor field, IDictionary<string, MessageDescriptor> messages, IDictionary<string, EnumDescriptor> enums)
    {
        if (field.FieldType == FieldType.Message)
            Gather(field.MessageType, messages, enums);
        else if (field.FieldType == FieldType.Enum)
            enums.TryAdd(field.EnumType.FullName, field.EnumType);
    }

    private static void WriteMessage(Utf8JsonWriter json, MessageDescriptor message)
    {
        json.WriteStartObject(message.FullName);
        json.WriteString("type", "object");
        if (message == Any.Descriptor)
        {
            json.WriteString("description", "A message of the type that @type names.");
            json.WriteStartObject("properties");
            json.WritePropertyName("@type");
            WriteText(json);
            json.WriteEndObject();
        }
        else
        {
            var choices = message.Oneofs.Where(choice => !choice.IsSynthetic).Select(
                choice => $"At most one of {string.Join(", ", choice.Fields.Select(field => field.JsonName))} is set.").ToList();
            if (choices.Count > 0)
                json.WriteString("description", string.Join(' ', choices));
            json.WriteStartObject("properties");
            foreach (var field in message.Fields.InDeclarationOrder())
            {
                json.WritePropertyName(field.JsonName);
                WriteField(json, field);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteEnum(Utf8JsonWriter json, EnumDescriptor type)
    {
        json.WriteStartObject(type.FullName);
        json.WriteString("type", "string");
        json.WriteStartArray("enum");
        foreach (var value in type.Values)
            json.WriteStringValue(value.Name);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteValue(Utf8JsonWriter json, FieldDescriptor field)
    {
        switch (field.FieldType)
        {
            case FieldType.Message:
                WriteReference(json, field.MessageType.FullName);
                break;
            case FieldType.Enum:
                WriteReference(json, field.EnumType.FullName);
                break;
            case FieldType.Bool:
                WriteSimple(json, "boolean");
                break;
            case FieldType.Bytes:
                WriteSimple(json, "string", "contentEncoding", "base64");
                break;
            case FieldType.Float or FieldType.Double:
                WriteSimple(json, "number", "format", "double");
                break;
            case FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32:
                WriteSimple(json, "integer", "format", "int32");
                break;
            case FieldType.UInt32 or FieldType.Fixed32:
                WriteSimple(json, "integer", "format", "uint32");
                break;
            // JSON's numbers are not exact beyond 2^53.
            case FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64:
                WriteSimple(json, "string", "format", "int64");
                break;
            case FieldType.UInt64 or FieldType.Fixed64:
                WriteSimple(json, "string", "format", "uint64");
                break;
            default:
                WriteText(json);
                break;
        }
    }

    private static void WriteSimple(Utf8JsonWriter json, string type, string? name = null, string? value = null)
    {
        json.WriteStartObject();
        json.WriteString("type", type);
        if (name is not null)
            json.WriteString(name, value);
        json.WriteEndObject();
    }
}

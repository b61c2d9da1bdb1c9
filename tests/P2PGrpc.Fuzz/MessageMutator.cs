using System.Collections;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace P2PGrpc.Fuzz;

/// <summary>Changes one field of a Protobuf message, wherever it lies: so that what is deep inside is reached with all around it whole.</summary>
internal static class MessageMutator
{
    /// <summary>What a repeated field may be blown up to.</summary>
    private const int MostChildren = 1200;

    public static void Mutate(Random random, IMessage message)
    {
        var fields = message.Descriptor.Fields.InDeclarationOrder().Where(field => !field.IsMap).ToList();
        if (fields.Count == 0)
            return;
        var present = fields.Where(field => field.IsRepeated ? ((IList)field.Accessor.GetValue(message)).Count > 0
            : field.FieldType != FieldType.Message || field.Accessor.HasValue(message)).ToList();
        var field = random.Next(8) == 0 || present.Count == 0 ? fields[random.Next(fields.Count)] : present[random.Next(present.Count)];
        if (field.IsRepeated)
            MutateList(random, field, (IList)field.Accessor.GetValue(message));
        else if (field.FieldType == FieldType.Message)
            MutateChild(random, field, message);
        else
            field.Accessor.SetValue(message, Draw(random, field, field.Accessor.GetValue(message)));
    }

    private static void MutateChild(Random random, FieldDescriptor field, IMessage message)
    {
        var child = (IMessage?)field.Accessor.GetValue(message);
        if (child is null)
            field.Accessor.SetValue(message, field.MessageType.Parser.ParseFrom(ByteString.Empty));
        else if (random.Next(12) == 0)
            field.Accessor.Clear(message);
        else
            Mutate(random, child);
    }

    private static void MutateList(Random random, FieldDescriptor field, IList list)
    {
        if (list.Count == 0)
        {
            if (field.FieldType == FieldType.Message)
                list.Add(field.MessageType.Parser.ParseFrom(ByteString.Empty));
            return;
        }

        var at = random.Next(list.Count);
        switch (random.Next(6))
        {
            case 0:
                list.RemoveAt(at);
                break;
            case 1:
                var copies = random.Next(20) == 0 ? MostChildren : random.Next(1, 4);
                for (var copy = 0; copy < copies && list.Count < MostChildren; copy++)
                    list.Add(list[at] is IMessage one ? one.Descriptor.Parser.ParseFrom(one.ToByteString()) : list[at]);
                break;
            default:
                if (list[at] is IMessage child)
                    Mutate(random, child);
                else
                    list[at] = Draw(random, field, list[at]!);
                break;
        }
    }

    private static object Draw(Random random, FieldDescriptor field, object value) => field.FieldType switch
    {
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Bytes => DrawBytes(random, (ByteString)value),
        FieldType.String => DrawText(random, (string)value),
        FieldType.Enum => random.Next(-1, 12),
        FieldType.UInt64 or FieldType.Fixed64 => (ulong)ByteMutator.DrawEdge(random),
        FieldType.Int64 or FieldType.SFixed64 or FieldType.SInt64 => ByteMutator.DrawEdge(random),
        FieldType.UInt32 or FieldType.Fixed32 => (uint)ByteMutator.DrawEdge(random),
        FieldType.Int32 or FieldType.SFixed32 or FieldType.SInt32 => (int)ByteMutator.DrawEdge(random),
        _ => value,
    };

    private static ByteString DrawBytes(Random random, ByteString value) =>
        ByteString.CopyFrom(ByteMutator.Mutate(random, value.ToByteArray(), [], maximumLength: 4096));

    private static string DrawText(Random random, string value)
    {
        var character = (char)random.Next(1, 0xD800);
        return random.Next(3) switch
        {
            0 => value + character,
            1 => new string(character, random.Next(1, 300)),
            _ => "",
        };
    }
}

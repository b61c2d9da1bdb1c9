using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.CompilerServices;

namespace P2PGrpc.Simulation;

/// <summary>How many bytes an object takes with all that it refers to, about as the runtime lays it out. What several share counts for each.</summary>
internal static class HeapSize
{
    private const int Reference = 8;
    private const int ObjectHeader = 2 * Reference;
    private const int ArrayHeader = ObjectHeader + Reference;
    private const int LetterOfText = 2;

    private static readonly ConcurrentDictionary<Type, FieldInfo[]> Fields = [];
    private static readonly ConcurrentDictionary<Type, int> Sizes = [];
    private static readonly MethodInfo SizeOf = typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!;

    public static long Measure(object root)
    {
        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance) { root };
        var next = new Stack<object>(seen);
        long bytes = 0;
        while (next.TryPop(out var one))
        {
            bytes += Measure(one, reference =>
            {
                if (reference is not (null or MemberInfo or Delegate) && seen.Add(reference))
                    next.Push(reference);
            });
        }

        return bytes;
    }

    private static long Measure(object one, Action<object?> refer)
    {
        switch (one)
        {
            case string text:
                return ArrayHeader + text.Length * LetterOfText;
            case Array array:
                var element = array.GetType().GetElementType()!;
                if (!element.IsValueType || HasReferences(element))
                {
                    foreach (var each in array)
                        Follow(element, each, refer);
                }

                return ArrayHeader + (long)array.Length * SizeOfField(element);
            default:
                FollowFields(one, refer);
                return ObjectHeader + FieldsOf(one.GetType()).Sum(field => SizeOfField(field.FieldType));
        }
    }

    private static void Follow(Type type, object? value, Action<object?> refer)
    {
        if (!type.IsValueType)
            refer(value);
        else if (value is not null)
            FollowFields(value, refer);
    }

    private static void FollowFields(object one, Action<object?> refer)
    {
        foreach (var field in FieldsOf(one.GetType()))
        {
            if (!field.FieldType.IsValueType || HasReferences(field.FieldType))
                Follow(field.FieldType, field.GetValue(one), refer);
        }
    }

    private static bool HasReferences(Type type) =>
        !type.IsPrimitive && !type.IsEnum && Array.Exists(FieldsOf(type), field => !field.FieldType.IsPointer && (!field.FieldType.IsValueType || HasReferences(field.FieldType)));

    private static int SizeOfField(Type type) =>
        type.IsValueType ? Sizes.GetOrAdd(type, one => (int)SizeOf.MakeGenericMethod(one).Invoke(null, null)!) : Reference;

    private static FieldInfo[] FieldsOf(Type type) => Fields.GetOrAdd(type, one => one.IsPrimitive || one.IsEnum ? [] : [.. FindFields(one)]);

    private static IEnumerable<FieldInfo> FindFields(Type type)
    {
        for (var one = type; one is not null; one = one.BaseType)
        {
            foreach (var field in one.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                yield return field;
        }
    }
}

namespace P2PGrpc.Benchmarks.Workers;

/// <summary>Walks over the fields of an encoded Protobuf message without parsing what is in them.</summary>
internal ref struct FieldWalk(ReadOnlySpan<byte> message)
{
    private ReadOnlySpan<byte> rest = message;

    /// <summary>The field's number.</summary>
    public int Number { get; private set; }

    /// <summary>What is in a length-delimited field; empty for others.</summary>
    public ReadOnlySpan<byte> Value { get; private set; } = default;

    public bool MoveNext()
    {
        if (rest.IsEmpty) return false;
        var tag = TakeVarint();
        Number = (int)(tag >> 3);
        Value = default;
        switch (tag & 7)
        {
            case 0:
                TakeVarint();
                return true;
            case 1:
                rest = rest[8..];
                return true;
            case 2:
                var length = (int)TakeVarint();
                Value = rest[..length];
                rest = rest[length..];
                return true;
            case 5:
                rest = rest[4..];
                return true;
            default:
                throw new InvalidDataException($"wire type {tag & 7} is none of Protobuf's");
        }
    }

    private ulong TakeVarint()
    {
        ulong value = 0;
        for (var index = 0; ; index++)
        {
            value |= (ulong)(rest[index] & 0x7F) << (7 * index);
            if (rest[index] >= 0x80) continue;
            rest = rest[(index + 1)..];
            return value;
        }
    }
}

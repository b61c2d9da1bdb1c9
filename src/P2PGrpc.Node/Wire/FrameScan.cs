using System.Buffers;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Wire;

/// <summary>Counts what a message from a stranger would unfold into before it is parsed. Pure.</summary>
internal static class FrameScan
{
    private const int ParentFieldNumber = LinkRequest.FrameFieldNumber;

    private enum Level
    {
        Message,
        Frame,
        Kind,
        Hello,
        Shares,
        Members,
        Record,
    }

    /// <summary>False if the message, its frame and the frame's content have more fields together than <paramref name="maximum"/>,
    /// or are no Protobuf. What a Hello says to be shared counts too, and what stands in address records; other deeper levels can't grow far within a
    /// frame's length.</summary>
    public static bool IsBounded(in ReadOnlySequence<byte> message, int maximum)
    {
        var reader = new SequenceReader<byte>(message);
        var left = maximum;
        return TryWalk(ref reader, message.Length, Level.Message, ref left);
    }

    private static bool TryWalk(ref SequenceReader<byte> reader, long end, Level level, ref int left)
    {
        while (reader.Consumed < end)
        {
            if (--left < 0 || !TryReadVarint(ref reader, out var tag) || !TryReadLength(ref reader, tag & 7, out var length))
                return false;
            var fieldEnd = reader.Consumed + length;
            if (fieldEnd > end)
                return false;
            if (FindChildren(level, tag) is { } children)
            {
                if (!TryWalk(ref reader, fieldEnd, children, ref left))
                    return false;
            }
            else
            {
                reader.Advance(length);
            }
        }

        return reader.Consumed == end;
    }

    /// <summary>What a field holds whose own fields count; null for all others.</summary>
    private static Level? FindChildren(Level level, ulong tag) => (level, tag >> 3, tag & 7) switch
    {
        (Level.Message, ParentFieldNumber, 2) => Level.Frame,
        (Level.Frame, Frame.HelloFieldNumber, 2) => Level.Hello,
        (Level.Frame, Frame.MembersFieldNumber, 2) => Level.Members,
        (Level.Frame, >= Frame.ChallengeFieldNumber and <= Frame.RecalledFieldNumber, 2) => Level.Kind,
        (Level.Members, Members.RecordsFieldNumber, 2) => Level.Record,
        (Level.Hello, Hello.SharesFieldNumber, 2) => Level.Shares,
        _ => null,
    };

    private static bool TryReadLength(ref SequenceReader<byte> reader, ulong wireType, out long length)
    {
        length = wireType switch { 1 => sizeof(ulong), 5 => sizeof(uint), _ => 0 };
        switch (wireType)
        {
            case 0:
                return TryReadVarint(ref reader, out _);
            case 1 or 5:
                return true;
            case 2 when TryReadVarint(ref reader, out var declared) && declared <= int.MaxValue:
                length = (long)declared;
                return true;
            default:
                return false;
        }
    }

    private static bool TryReadVarint(ref SequenceReader<byte> reader, out ulong value)
    {
        const int longest = 10;
        value = 0;
        for (var index = 0; index < longest; index++)
        {
            if (!reader.TryRead(out var part))
                return false;
            value |= (ulong)(part & 0x7F) << (7 * index);
            if (part < 0x80)
                return true;
        }

        return false;
    }
}

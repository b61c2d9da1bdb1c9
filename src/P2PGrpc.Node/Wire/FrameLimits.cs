using P2PGrpc.Core.Logs;

namespace P2PGrpc.Node.Wire;

/// <summary>The limits of single frames. They are part of the protocol: a frame beyond them ends the link.</summary>
internal static class FrameLimits
{
    /// <summary>Bytes of an encoded frame: the largest segment fits with room to spare, and 64 of them together are no burden.</summary>
    public const int FrameLength = 256 * 1024;

    /// <summary>Bytes of an encoded LinkRequest or LinkResponse: a frame with its tag and length.</summary>
    public const int MessageLength = FrameLength + 64;

    /// <summary>Logs of one Have: about 170 KiB encoded.</summary>
    public const int HaveLogs = 1000;

    /// <summary>Segments of one frame: as many of the smallest as the weight of a full frame allows.</summary>
    public const int Segments = FrameLength / LogLimits.HeaderWeight;

    /// <summary>Bytes of segments, by their weight, that answer one Recall; a single one may be larger. Some hundred short messages: a page or two.</summary>
    public const int RecalledBytes = 128 * 1024;

    /// <summary>Segments of one Recalled: as many of the smallest as weigh that much.</summary>
    public const int RecalledSegments = RecalledBytes / LogLimits.HeaderWeight;

    /// <summary>Messages of one Ephemeral.</summary>
    public const int EphemeralEntries = 1000;

    /// <summary>Fields at the upper levels of a frame, counted before it is parsed: those of the fullest frame allowed, and some for later
    /// versions.
    /// Without it 256 KiB of empty children would become many MiB of objects.</summary>
    public const int Fields = 1100;

    /// <summary>Bytes of a suggested name in UTF-8.</summary>
    public const int NameLength = 64;

    /// <summary>Rooms that one side of a link proves: each is looked for among the other's, and a node is in no more.</summary>
    public const int Rooms = 256;

    /// <summary>Address records of one Members: with 8 addresses each they stay far below the fields and bytes of a frame.</summary>
    public const int MemberRecords = 32;

    /// <summary>The most that a count of neighbours or members may say; more is read as this.</summary>
    public const int MemberCount = 1_000_000;

    /// <summary>UTF-16 units of a Goodbye's detail that are kept.</summary>
    public const int DetailLength = 256;

    /// <summary>Bytes of credit that one frame may give, far above any budget: keeps sums from overflowing.</summary>
    public const long CreditBytes = 1L << 40;

    /// <summary>Feed positions stay below it, so that they are exact in JSON and in every language's numbers.</summary>
    public const ulong Position = 1UL << 53;
}

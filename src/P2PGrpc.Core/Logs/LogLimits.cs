namespace P2PGrpc.Core.Logs;

/// <summary>The limits of the log format. They are part of the protocol: a segment beyond them is refused by everybody.</summary>
internal static class LogLimits
{
    /// <summary>Bytes of a segment's body: with its header a segment fits a frame of 256 KiB, and stays cheap to hash at once.</summary>
    public const int BodyLength = 192 * 1024;

    /// <summary>Entries of a segment: bounds what a reader must hold for one signature.</summary>
    public const int EntryCount = 4096;

    /// <summary>Sequences stay below it, so that they are exact in JSON and in every language's numbers.</summary>
    public const ulong Sequence = 1UL << 53;

    /// <summary>Bytes of an opening: a predecessor and an admission signature need 118.</summary>
    public const int OpeningLength = 256;

    /// <summary>What a header counts for in credit, whatever its encoding: about its encoded size.</summary>
    public const int HeaderWeight = 256;
}

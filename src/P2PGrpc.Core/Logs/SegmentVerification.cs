using System.Security.Cryptography;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Core.Logs;

/// <summary>Checks of a single segment that need nothing but the segment. Pure and thread-safe, so segments are checked in parallel.</summary>
internal static class SegmentVerification
{
    /// <summary>What is wrong with a header, or null: the sizes, the place of the opening, and the author's signature.</summary>
    public static string? FindFault(SegmentHeader header)
    {
        if (header.Count is < 1 or > LogLimits.EntryCount)
            return "the entry count is out of range";
        if (header.BodyLength is < 0 or > LogLimits.BodyLength)
            return "the body is too long";
        if (header.FirstSequence is 0 or >= LogLimits.Sequence || header.LastSequence >= LogLimits.Sequence)
            return "the sequence is out of range";
        if (header.Opening.Length > LogLimits.OpeningLength)
            return "the opening is too long";
        if (header.FirstSequence == 1 && header.Previous != header.LogId.Value)
            return "the first segment does not follow its log's genesis";
        if (header.FirstSequence != 1 && header.Opening.Length != 0)
            return "a later segment carries an opening";
        Span<byte> signed = stackalloc byte[Bytes32.Length];
        header.Hash.Write(signed);
        return IdentityKey.Verify(header.Log.Author, signed, header.Signature.Span) ? null : "the signature does not hold";
    }

    /// <summary>True if these bytes are the body that the header names.</summary>
    public static bool BodyMatches(SegmentHeader header, ReadOnlySpan<byte> body)
    {
        if (body.Length != header.BodyLength)
            return false;
        Span<byte> hash = stackalloc byte[Bytes32.Length];
        SHA256.HashData(body, hash);
        return Bytes32.Read(hash) == header.BodyHash;
    }
}

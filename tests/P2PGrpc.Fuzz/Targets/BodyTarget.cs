using P2PGrpc.Core.Logs;

namespace P2PGrpc.Fuzz.Targets;

/// <summary>A segment's body of an author who signs anything: it is taken apart wherever it is read.</summary>
internal sealed class BodyTarget : FuzzTarget
{
    public override string Name => "body";

    public override int MaximumLength => LogLimits.BodyLength;

    /// <summary>An entry of two bytes becomes an object, and there may be as many as a segment holds.</summary>
    public override long AllocationLimit(int length) => 1024 * 1024 + 64L * length;

    public override IEnumerable<byte[]> MakeSeeds() => Samples.Chain.Select(segment => segment.Body);

    public override string Run(byte[] input)
    {
        var count = 1 + input.Length % LogLimits.EntryCount;
        var header = SegmentHeader.FromParts(
            Samples.Log, default, 1, count, 0, 0, input.Length, default, [], new byte[64]);
        var entries = SegmentBodyReader.Read(header, input);
        Require(entries.Length == count, "Each sequence has its place.");
        var builder = new SegmentBodyBuilder();
        foreach (var entry in entries.Where(entry => entry is not null))
            builder.TryAdd(Google.Protobuf.MessageExtensions.ToByteArray(entry));
        var found = builder.Count;
        var again = SegmentHeader.FromParts(Samples.Log, default, 1, Math.Max(1, found), 0, 0, 0, default, [], new byte[64]);
        Require(
            SegmentBodyReader.Read(again, builder.Build()).Take(found).SequenceEqual(entries.Where(entry => entry is not null)),
            "What was read is the same when it is written again.");
        return found > 0 ? $"accepted {Math.Min(found, 20)}" : "nothing";
    }
}

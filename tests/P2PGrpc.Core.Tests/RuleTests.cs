using CsCheck;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>The append rule and the fork rule against a model: lists of segments.</summary>
public sealed class RuleTests
{
    private static readonly IdentityKey Author = IdentityKey.FromSeed(new byte[IdentityKey.SeedLength]);
    private static readonly LogKey Log = new(ConversationId.Direct(Author.PeerId, Author.PeerId), Author.PeerId, 1);

    /// <summary>Two chains that share a beginning, and a place in each.</summary>
    private static readonly Gen<(List<SegmentHeader> Ours, List<SegmentHeader> Theirs)> Chains =
        Gen.Select(Gen.Int[0, 4], Gen.Int[1, 3].Array[0, 4], Gen.Int[1, 3].Array[0, 4], (shared, ours, theirs) =>
        {
            var beginning = Extend([], Enumerable.Repeat(2, shared).ToArray(), 0);
            return (Extend(beginning, ours, 1), Extend(beginning, theirs, 2));
        });

    /// <summary>S2, S4: what the rule says of a segment is what stands in the lists.</summary>
    [Fact]
    public void The_append_rule_agrees_with_a_list_of_segments() =>
        Gen.Select(Chains, Gen.Int[0, 100], Gen.Int[0, 100]).Sample((chains, cut, pick) =>
        {
            if (chains.Theirs.Count == 0)
                return;
            var held = chains.Ours.Take(cut % (chains.Ours.Count + 1)).ToList();
            var arrived = chains.Theirs[pick % chains.Theirs.Count];
            var verdict = AppendRule.Judge(HeadOf(held), arrived);
            Assert.Equal(Model(held, arrived), verdict);
            if (verdict == AppendVerdict.Next)
                Assert.Equal(HeadOf(held), arrived.After);
        });

    [Fact]
    public void Two_headers_are_a_proof_if_and_only_if_no_one_chain_holds_both() =>
        Gen.Select(Chains, Gen.Int[0, 100], Gen.Int[0, 100]).Sample((chains, one, other) =>
        {
            if (chains.Ours.Count == 0 || chains.Theirs.Count == 0)
                return;
            var first = chains.Ours[one % chains.Ours.Count];
            var second = chains.Theirs[other % chains.Theirs.Count];
            var places = Places(first).Intersect(Places(second)).Any();
            Assert.Equal(places && first.Hash != second.Hash, ForkRule.Proves(first, second));
            Assert.Equal(ForkRule.Proves(first, second), ForkRule.Proves(second, first));
            Assert.False(ForkRule.Proves(first, first));
        });

    [Fact]
    public void Headers_of_two_logs_prove_nothing()
    {
        var other = Log with { Epoch = 2 };
        var first = SegmentHeader.Sign(Author, Log, Log.ToLogId().Empty, 1, [1], []);
        var second = SegmentHeader.Sign(Author, other, other.ToLogId().Empty, 1, [2], []);
        Assert.False(ForkRule.Proves(first, second));
    }

    /// <summary>S1: nothing of a header can change without its signature failing.</summary>
    [Fact]
    public void Any_change_of_a_header_breaks_its_signature()
    {
        var header = SegmentHeader.Sign(Author, Log, Log.ToLogId().Empty, 2, [1, 2, 3], [9]);
        Assert.Null(SegmentVerification.FindFault(header));
        Assert.True(SegmentVerification.BodyMatches(header, [1, 2, 3]));
        Assert.False(SegmentVerification.BodyMatches(header, [1, 2, 4]));
        Assert.False(SegmentVerification.BodyMatches(header, [1, 2]));
        Action<Protocol.SegmentHeader>[] changes =
        [
            message => message.Log.Epoch++,
            message => message.Count++,
            message => message.Cipher++,
            message => message.KeyId++,
            message => message.BodyLength++,
            message => message.BodyHash = Flip(message.BodyHash),
            message => message.Opening = Flip(message.Opening),
            message => message.Signature = Flip(message.Signature),
            message => message.Previous = Flip(message.Previous),
            message => message.Log.Conversation = Flip(message.Log.Conversation),
            message => message.Log.Author = Flip(message.Log.Author),
        ];
        foreach (var change in changes)
        {
            var message = SegmentCodec.Write(header).Clone();
            change(message);
            Assert.NotNull(SegmentVerification.FindFault(SegmentCodec.Read(message)!));
        }
    }

    private static Google.Protobuf.ByteString Flip(Google.Protobuf.ByteString bytes)
    {
        var changed = bytes.ToByteArray();
        changed[^1] ^= 1;
        return Google.Protobuf.ByteString.CopyFrom(changed);
    }

    private static List<SegmentHeader> Extend(List<SegmentHeader> chain, int[] counts, byte mark)
    {
        var longer = chain.ToList();
        foreach (var count in counts)
            longer.Add(SegmentHeader.Sign(Author, Log, HeadOf(longer), count, [mark, (byte)longer.Count], []));
        return longer;
    }

    private static Head HeadOf(List<SegmentHeader> chain) => chain.Count == 0 ? Log.ToLogId().Empty : chain[^1].Head;

    private static IEnumerable<ulong> Places(SegmentHeader header) =>
        Enumerable.Range(0, header.Count).Select(offset => header.FirstSequence + (ulong)offset);

    private static AppendVerdict Model(List<SegmentHeader> held, SegmentHeader arrived)
    {
        var length = held.Count == 0 ? 0 : held[^1].LastSequence;
        if (arrived.FirstSequence > length + 1)
            return AppendVerdict.Gap;
        if (arrived.FirstSequence == length + 1)
            return arrived.Previous == HeadOf(held).Hash ? AppendVerdict.Next : AppendVerdict.Fork;
        if (arrived.LastSequence < length)
            return AppendVerdict.Duplicate;
        return held[^1].Hash == arrived.Hash ? AppendVerdict.Duplicate : AppendVerdict.Fork;
    }
}

using System.Security.Cryptography;
using P2PGrpc.Checkers;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using Xunit;

namespace P2PGrpc.Core.Tests;

/// <summary>The checkers themselves: each kind of damage is told from what is right.</summary>
public sealed class CheckerTests
{
    [Theory]
    [InlineData("a:0 a:1", "a:0 a:1", "a:0 a:1", true)]
    [InlineData("a:0 a:1", "a:0", "a:0 a:1", true)]
    [InlineData("a:0 a:1", "a:0", "a:0", true)]
    [InlineData("a:0 a:1", "a:0 a:1", "a:0", false)]
    [InlineData("a:0", "a:0", "a:0 a:1", false)]
    public void Loss_and_surprise_are_found(string attempted, string accepted, string read, bool right) =>
        Assert.Equal(right, SetChecker.Find(attempted.Split(' '), accepted.Split(' '), read.Split(' ')).Count == 0);

    [Theory]
    [InlineData("a:0 a:1 b:0 a:3 b:1", true)]
    [InlineData("a:1 a:0", false)]
    [InlineData("a:0 a:0", false)]
    [InlineData("a:0 a:1 a:0", false)]
    public void Disorder_and_doubles_are_found(string read, bool right) =>
        Assert.Equal(right, OrderChecker.Find(read.Split(' ').Select(OrderChecker.Parse)).Count == 0);

    [Fact]
    public void Each_damage_to_a_chain_is_found()
    {
        using var author = IdentityKey.FromSeed(SHA256.HashData("one"u8));
        using var other = IdentityKey.FromSeed(SHA256.HashData("other"u8));
        var log = new LogKey(ConversationId.Direct(author.PeerId, other.PeerId), author.PeerId, 7);
        var head = log.ToLogId().Empty;
        var copy = new List<(SegmentHeader Header, byte[]? Body)>();
        for (byte number = 0; number < 4; number++)
        {
            byte[] body = [number, 1, 2];
            copy.Add((SegmentHeader.Sign(author, log, head, 1, body, []), body));
            head = copy[^1].Header.Head;
        }

        byte[] flipped = [1, 1, 3];
        var foreign = SegmentHeader.Sign(other, log, copy[0].Header.Head, 1, copy[1].Body, []);
        Assert.Empty(ChainChecker.Find(log.ToLogId(), copy));
        Assert.Empty(ChainChecker.Find(log.ToLogId(), [copy[0], (copy[1].Header, null), copy[2]]));
        Assert.Empty(ChainChecker.Compare(copy, [copy[0], (copy[1].Header, null), copy[2]]));
        Assert.NotEmpty(ChainChecker.Find(log.ToLogId(), copy.Skip(1)));
        Assert.NotEmpty(ChainChecker.Find(log.ToLogId(), [copy[0], copy[2]]));
        Assert.NotEmpty(ChainChecker.Find(log.ToLogId(), [copy[0], (copy[1].Header, flipped)]));
        Assert.NotEmpty(ChainChecker.Find(log.ToLogId(), [copy[0], (foreign, copy[1].Body)]));
        Assert.NotEmpty(ChainChecker.Find((log with { Epoch = 8 }).ToLogId(), copy));
        Assert.Empty(ChainChecker.Compare(copy, copy[..2]));
        Assert.NotEmpty(ChainChecker.Compare(copy, [copy[0], (foreign, copy[1].Body)]));
        Assert.NotEmpty(ChainChecker.Compare(copy, [copy[0], (copy[1].Header, flipped)]));
    }
}

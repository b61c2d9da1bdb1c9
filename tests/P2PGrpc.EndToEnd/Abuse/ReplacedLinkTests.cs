using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Protocol;
using Xunit;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>A link that gives way is told why: a newer one of the same process, as after a half-open connection, is no second process.</summary>
[Collection(Alone.Name)]
public sealed class ReplacedLinkTests(HonestPair pair) : IClassFixture<HonestPair>
{
    [Theory]
    [InlineData(7, 7, GoodbyeReason.Superseded)]
    [InlineData(7, 8, GoodbyeReason.Replaced)]
    public async Task A_newer_link_takes_over(ulong older, ulong newer, GoodbyeReason reason)
    {
        var token = TestContext.Current.CancellationToken;
        using var member = new Attacker(pair.Alice, pair.Mallory);
        await using var first = await JoinAsync(member, older, token);
        await using var second = await JoinAsync(member, newer, token);

        var goodbye = await first.HearAsync(Frame.KindOneofCase.Goodbye, token);

        Assert.Equal(reason, goodbye?.Goodbye.Reason);
    }

    private static async Task<RawLink> JoinAsync(Attacker member, ulong instance, CancellationToken cancellationToken)
    {
        var link = await member.OpenAsync(cancellationToken);
        link.Instance = instance;
        await link.SayAsync(await link.MakeHelloAsync(default, cancellationToken), cancellationToken);
        Assert.Equal(Frame.KindOneofCase.Hello, (await link.HearAsync(cancellationToken))?.KindCase);
        return link;
    }
}

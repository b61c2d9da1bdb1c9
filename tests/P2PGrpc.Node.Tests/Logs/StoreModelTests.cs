using CsCheck;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Logs;
using Xunit;

namespace P2PGrpc.Node.Tests.Logs;

/// <summary>Compares the store with a list over random operations.</summary>
public sealed class StoreModelTests
{
    private enum Step
    {
        AppendOne,
        AppendMany,
        AppendWithId,
        Receive,
        ReceiveStale,
        Reopen,
    }

    [Fact]
    public async Task The_store_holds_what_a_list_would_D1_S2() =>
        await Gen.Select(Gen.Enum<Step>(), Gen.Int[0, 9]).List[0, 25].SampleAsync(RunAsync, iter: 40, threads: 1);

    private static async Task RunAsync(List<(Step Step, int Number)> steps)
    {
        await using var fixture = new StoreFixture();
        using var author = StoreFixture.MakeKey(2);
        var log = new LogKey(fixture.Conversation, author.PeerId, 7);
        var theirs = log.ToLogId().Empty;
        var expected = new List<string>();
        var ids = new Dictionary<string, MessageReference>();
        foreach (var (step, number) in steps)
        {
            switch (step)
            {
                case Step.AppendOne:
                    await fixture.AppendAsync($"one {number}");
                    expected.Add($"one {number}");
                    break;
                case Step.AppendMany:
                    string[] texts = [.. Enumerable.Range(0, 10 * number).Select(index => $"many {index}")];
                    await fixture.AppendAsync(texts);
                    expected.AddRange(texts);
                    break;
                case Step.AppendWithId:
                    await AppendWithIdAsync(fixture, $"id {number}", ids, expected);
                    break;
                case Step.Receive:
                    var (header, body) = StoreFixture.MakeSegment(author, log, theirs, $"theirs {number}");
                    fixture.Store.Store(header, body, 0);
                    theirs = header.Head;
                    expected.Add($"theirs {number}");
                    break;
                case Step.ReceiveStale:
                    var stale = StoreFixture.MakeSegment(author, log, new Head(theirs.Sequence + 1, theirs.Hash), "stale");
                    fixture.Store.Store(stale.Header, stale.Body, 0);
                    break;
                case Step.Reopen:
                    await fixture.ReopenAsync();
                    break;
            }
        }

        await fixture.ReopenAsync();
        Assert.Equal(expected, fixture.ReadAll());
        Assert.Equal((ulong)expected.Count, fixture.Store.LastPosition);
        var heads = fixture.Store.LoadHeads(fixture.Conversation, null, 1000).Heads;
        Assert.Equal(expected.Count, heads.Sum(head => (int)head.Head.Sequence));
        foreach (var head in heads)
            AssertChain(fixture.Store, head.LogId, head.Head);
    }

    private static async Task AppendWithIdAsync(
        StoreFixture fixture, string id, Dictionary<string, MessageReference> ids, List<string> expected)
    {
        var result = Assert.Single(
            await fixture.Store.AppendAsync(fixture.Conversation, [StoreFixture.MakeDraft(id, id)], StoreFixture.Deadline));
        if (ids.TryGetValue(id, out var known))
        {
            Assert.Equal(new AppendResult(AppendState.Repeated, known), result);
            return;
        }

        Assert.Equal(AppendState.Accepted, result.State);
        ids.Add(id, result.Reference);
        expected.Add(id);
    }

    /// <summary>From genesis to the head, page by page, each segment follows the one before and verifies.</summary>
    private static void AssertChain(LogStore store, LogId log, Head end)
    {
        var head = log.Empty;
        while (head != end)
        {
            var held = Assert.IsType<Core.Replication.LoadResult.Segments>(store.Load(log, head, 8000)).Held;
            Assert.NotEmpty(held);
            foreach (var (header, _) in held)
            {
                Assert.Equal(head, header.After);
                Assert.Null(SegmentVerification.FindFault(header));
                head = header.Head;
            }
        }
    }
}

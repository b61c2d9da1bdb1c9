using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Replication;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Head = P2PGrpc.Core.Logs.Head;
using LogHead = P2PGrpc.Core.Replication.LogHead;

namespace P2PGrpc.EndToEnd.Abuse;

/// <summary>What somebody does whom the node knows, or who pretends to be so.</summary>
internal static class MemberAttacks
{
    /// <summary>Heads of the far future, cursors beyond everything, acknowledgements of what was never sent, credit without end.</summary>
    public static Task AbsurdCursorsAsync(Attacker attacker, PeerIds ids, CancellationToken stop) => Attacker.RepeatAsync(2, async cancellationToken =>
    {
        await using var link = await attacker.JoinAsync(cancellationToken, new HeardPosition(ulong.MaxValue, FrameLimits.Position - 1, 0));
        var conversation = ConversationId.Direct(attacker.Key.PeerId, ids.Victim);
        for (ulong epoch = 0; ; epoch++)
        {
            var theirs = new Core.Logs.LogKey(conversation, ids.Victim, epoch);
            var ours = new Core.Logs.LogKey(conversation, attacker.Key.PeerId, epoch);
            var far = new Head(LogLimits.Sequence - 1, theirs.ToLogId().Value);
            await link.SayAsync(HaveFrames.Write([Head(theirs, far), Head(ours, far)], FrameLimits.Position - 1), cancellationToken);
            await link.SayAsync(WantFrames.WriteWant(theirs.ToLogId(), far, standing: true), cancellationToken);
            await link.SayAsync(WantFrames.WriteWant(ours.ToLogId(), ours.ToLogId().Empty, standing: true), cancellationToken);
            await link.SayAsync(TransientFrames.WriteCredit(FrameLimits.CreditBytes), cancellationToken);
            await link.SayAsync(WantFrames.WriteRefuse(theirs.ToLogId(), (RefuseReason)99), cancellationToken);
            attacker.Count(5);
            if (link.Connection.Data.Completion.IsCompleted)
                throw new IOException("The node has hung up.");
        }
    }, stop);

    /// <summary>A log that is wanted, and more of it at once than credit was given for. Counts how often it was refused for just that.</summary>
    public static Task CreditOverrunAsync(Attacker attacker, PeerIds ids, CancellationToken stop) => Attacker.RepeatAsync(async cancellationToken =>
    {
        const int length = 120_000;
        const int beyond = 11;
        await using var link = await attacker.JoinAsync(cancellationToken);
        var segments = new SegmentFactory(attacker.Key, ids.Victim);
        await link.SayAsync(segments.Have(segments.Make(segments.Log.ToLogId().Empty, "first")), cancellationToken);
        var credit = await HearCreditAsync(link, cancellationToken);
        var frames = Enumerable.Range(0, (int)(credit / length) + beyond).Select(_ => SegmentFactory.Write(segments.Next(length))).ToArray();
        await link.SayAtOnceAsync(frames, cancellationToken);

        // A quick disk frees credit while the frames come in: then nothing was overrun, and the next attempt may do better.
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(TimeSpan.FromMilliseconds(300));
        var frame = await HearGoodbyeAsync(link, patience.Token);
        cancellationToken.ThrowIfCancellationRequested();
        if (frame?.Goodbye.Detail.Contains("more than credit was given for", StringComparison.Ordinal) == true)
            attacker.Count();
    }, stop);

    /// <summary>Two segments for one place, in log after log.</summary>
    public static Task EquivocationAsync(Attacker attacker, PeerIds ids, CancellationToken stop) => Attacker.RepeatAsync(2, async cancellationToken =>
    {
        await using var link = await attacker.JoinAsync(cancellationToken);
        while (!link.Connection.Data.Completion.IsCompleted)
        {
            var segments = new SegmentFactory(attacker.Key, ids.Victim);
            var one = segments.Next(10);
            var two = segments.Make(segments.Log.ToLogId().Empty, "something else");
            await link.SayAsync(segments.Have(one), cancellationToken);
            await link.SayAsync(SegmentFactory.Write(one), cancellationToken);
            await link.SayAsync(SegmentFactory.Write(two), cancellationToken);
            await link.SayAsync(ForkProofFrames.Write(one.Header, two.Header), cancellationToken);
            attacker.Count();
            await Eventually.PauseAsync(5);
        }
    }, stop);

    /// <summary>Rightly signed segments as fast as credit comes, and ephemeral messages besides.</summary>
    public static Task FloodAsync(Attacker attacker, PeerIds ids, CancellationToken stop) =>
        FloodAsync(attacker, () => new SegmentFactory(attacker.Key, ids.Victim), stop);

    /// <summary>The same in any conversation.</summary>
    public static Task FloodAsync(Attacker attacker, Func<SegmentFactory> begin, CancellationToken stop) => Attacker.RepeatAsync(async cancellationToken =>
    {
        await using var link = await attacker.JoinAsync(cancellationToken);
        var segments = begin();
        var conversation = segments.Log.Conversation;
        var ephemeral = TransientFrames.Write(
            conversation, new SegmentBody { Entries = { Enumerable.Repeat(new Entry { Content = new Content { Text = new string('e', 200) } }, 500) } }.ToByteArray());
        long credit = 0;
        await link.SayAsync(segments.Have(segments.Make(segments.Log.ToLogId().Empty, "first")), cancellationToken);
        var listening = ListenAsync(link, bytes => Interlocked.Add(ref credit, bytes), cancellationToken);
        while (!listening.IsCompleted)
        {
            await link.SayAsync(ephemeral, cancellationToken);
            attacker.Count(500);
            while (Interlocked.Read(ref credit) > 2000)
            {
                var next = segments.Next(1000);
                Interlocked.Add(ref credit, -next.Header.Weight);
                await link.SayAsync(SegmentFactory.Write(next), cancellationToken);
                attacker.Count();
            }
        }

        await listening;
    }, stop);

    /// <summary>Links that come and go.</summary>
    public static Task RejoiningAsync(Attacker attacker, CancellationToken stop) => Attacker.RepeatAsync(3, async cancellationToken =>
    {
        await using var link = await attacker.JoinAsync(cancellationToken);
        attacker.Count();
    }, stop);

    /// <summary>A thousand identities that nobody knows knock.</summary>
    public static Task ThousandStrangersAsync(Attacker attacker, CancellationToken stop)
    {
        var strangers = Enumerable.Range(0, 1000).Select(number =>
        {
            var seed = new byte[IdentityKey.SeedLength];
            BitConverter.TryWriteBytes(seed, number + 1000);
            return IdentityKey.FromSeed(seed);
        }).ToArray();
        var next = 0;
        return Attacker.RepeatAsync(16, async cancellationToken =>
        {
            var key = strangers[Interlocked.Increment(ref next) % strangers.Length];
            using var certificate = NodeCertificate.Create(key);
            try
            {
                await using var link = await RawLink.JoinAsync(attacker.Node, key, certificate, cancellationToken);
                throw new InvalidOperationException("A2: a stranger was let in.");
            }
            catch (IOException)
            {
                attacker.Count();
            }
        }, stop);
    }

    /// <summary>The other side's Goodbye; null if there is none in time.</summary>
    private static async Task<Frame?> HearGoodbyeAsync(RawLink link, CancellationToken inTime)
    {
        try
        {
            return await link.HearAsync(Frame.KindOneofCase.Goodbye, inTime);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>The credit that came with the other side's Want.</summary>
    private static async Task<long> HearCreditAsync(RawLink link, CancellationToken cancellationToken)
    {
        var wanted = false;
        var credit = 0L;
        while (!wanted || credit == 0)
        {
            var frame = await link.HearAsync(cancellationToken) ?? throw new IOException("The node has hung up.");
            wanted |= frame.KindCase == Frame.KindOneofCase.Want;
            credit += frame.KindCase == Frame.KindOneofCase.Credit ? (long)frame.Credit.Bytes : 0;
        }

        return credit;
    }

    private static LogHead Head(Core.Logs.LogKey log, Head head) => new(log, log.ToLogId(), head);

    private static async Task ListenAsync(RawLink link, Action<long> onCredit, CancellationToken cancellationToken)
    {
        while (await link.HearAsync(Frame.KindOneofCase.Credit, cancellationToken) is { } frame)
            onCredit((long)frame.Credit.Bytes);
    }
}

using Google.Protobuf;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using P2PGrpc.Core.Rooms;
using P2PGrpc.EndToEnd.Abuse;
using P2PGrpc.EndToEnd.Faults;
using P2PGrpc.EndToEnd.Harness;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Xunit;
using LogKey = P2PGrpc.Core.Logs.LogKey;
using RoomTicket = P2PGrpc.Core.Rooms.RoomTicket;

namespace P2PGrpc.EndToEnd.Rooms;

/// <summary>A2: who knows all of a room but its secret, its id and what its members said on their links, learns nothing more and stores nothing.</summary>
public sealed class StolenConversationTests : IAsyncLifetime
{
    private const long Credit = 1 << 20;

    private readonly HonestPair pair = new();
    private readonly TestRoom room = new("friends");
    private readonly List<string> said = [];
    private RoomSecret secret = null!;
    private PeerId bobId;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await pair.InitializeAsync();
        secret = RoomTicket.Parse(await room.CreateAsync(pair.Alice), out _)!.Secret;
        await room.JoinAsync(pair.Bob, pair.Alice);
        Assert.True(PeerId.TryParse(await pair.Bob.Client.GetPeerIdAsync(), out bobId));
        foreach (var member in new[] { pair.Alice, pair.Bob, pair.Alice, pair.Bob })
        {
            said.Add($"{member.Name} {said.Count}");
            await room.SendAsync(member, said[^1]);
        }

        await room.HoldAllAsync([pair.Alice, pair.Bob], said);
    }

    public ValueTask DisposeAsync() => pair.DisposeAsync();

    [Fact]
    public async Task A_stranger_with_the_id_and_what_members_said_is_told_that_it_is_not_admitted_and_nothing_else()
    {
        var stolen = await RecordAsync();
        using var attacker = new Attacker(pair.Alice, pair.Stranger);
        await using var link = await attacker.OpenAsync(Token);
        link.Shares = RoomProofs.Pretend(stolen.Proofs);
        var hello = await link.MakeHelloAsync(default, Token);
        await link.SayAtOnceAsync([hello, .. stolen.Frames], Token);

        var answer = await link.HearAsync(Token);
        Assert.Equal(GoodbyeReason.NotAdmitted, answer?.Goodbye?.Reason);
        Assert.False(Names(answer!, stolen));
        Assert.Null(await link.HearAsync(Token));
        await CheckNothingChangedAsync();
    }

    /// <summary>It is in for its direct conversation: there it may say what it likes, and hears what concerns it.</summary>
    [Fact]
    public async Task A_known_peer_with_the_id_and_what_members_said_hears_of_its_own_conversation_only()
    {
        var stolen = await RecordAsync();
        var dropped = (await pair.Alice.Client.Node.GetNodeAsync(new GetNodeRequest())).EphemeralDropped;
        using var attacker = new Attacker(pair.Alice, pair.Mallory) { Shares = RoomProofs.Pretend(stolen.Proofs) };
        await using var link = await attacker.JoinAsync(Token);
        var own = new SegmentFactory(pair.Mallory, pair.AliceId);
        var first = own.Next("first");
        await link.SayAsync(own.Have(first), Token);
        var heard = await HearThroughAsync(link, frame => frame.KindCase == Frame.KindOneofCase.Credit);

        // What alice has proved to this very link, said back to her; all that was recorded; wants of the real logs and of one that nobody has.
        await link.SayAsync(SharesFrames.Write(new LinkShares(true, RoomProofs.Read(link.Hello!).ToHashSet())), Token);
        foreach (var frame in stolen.Frames)
            await link.SayAsync(frame, Token);
        var madeUp = new LogKey(secret.Conversation, bobId, 7).ToLogId();
        await link.SayAsync(TransientFrames.WriteCredit(Credit), Token);
        foreach (var log in stolen.Logs.Append(madeUp))
            await link.SayAsync(WantFrames.WriteWant(log, log.Empty, standing: true), Token);
        var forged = new SegmentFactory(pair.Mallory, secret.Conversation, stolen.Admission);
        await link.SayAsync(forged.Have(forged.Next("from outside")), Token);
        var empty = forged.Log.ToLogId().Empty;
        await link.SayAsync(ForkProofFrames.Write(forged.Make(empty, "one").Header, forged.Make(empty, "other").Header), Token);
        await link.SayAsync(TransientFrames.Write(secret.Conversation, own.Make(empty, "from outside").Body), Token);

        // What follows is answered after all of that.
        await link.SayAsync(SegmentFactory.Write(first), Token);
        heard.AddRange(await HearThroughAsync(link, frame => frame.Have?.Logs.Any(log => log.Log.Epoch == own.Log.Epoch) == true));

        var refusals = heard.Where(frame => frame.KindCase == Frame.KindOneofCase.Refuse).Select(frame => frame.Refuse).ToList();
        Assert.All(refusals, refusal => Assert.Equal(RefuseReason.Unknown, refusal.Reason));
        Assert.Equal(
            stolen.Logs.Append(madeUp).Select(log => log.ToString()).Order(StringComparer.Ordinal),
            refusals.Select(refusal => LogId.TryRead(refusal.LogId.Span, out var log) ? log.ToString() : "").Order(StringComparer.Ordinal));
        Assert.DoesNotContain(heard, frame => frame.KindCase is Frame.KindOneofCase.Segments or Frame.KindOneofCase.ForkProof);
        Assert.DoesNotContain(heard.Where(frame => frame.KindCase != Frame.KindOneofCase.Refuse), frame => Names(frame, stolen));
        Assert.False(Names(new Frame { Hello = link.Hello }, stolen));
        await Eventually.HoldsAsync("its ephemeral message is dropped", async () =>
            (await pair.Alice.Client.Node.GetNodeAsync(new GetNodeRequest())).EphemeralDropped > dropped);
        await CheckNothingChangedAsync();
    }

    /// <summary>A member passes on whose logs it likes: those of authors whom the room does not admit are refused, whatever signature they show.</summary>
    [Fact]
    public async Task A_member_can_not_pass_on_logs_of_authors_that_the_room_does_not_admit()
    {
        using var attacker = new Attacker(pair.Alice, pair.Hoarder) { Shares = RoomProofs.Give(secret, pair.Hoarder.PeerId, pair.AliceId) };
        foreach (var admission in new[] { [], secret.Admit(pair.Hoarder.PeerId), secret.Admit(bobId) })
        {
            var log = new SegmentFactory(pair.Stranger, secret.Conversation, admission);
            await using var link = await attacker.JoinAsync(Token);
            await GiveAsync(link, log, "from outside");
            Assert.Equal(GoodbyeReason.Protocol, (await link.HearAsync(Frame.KindOneofCase.Goodbye, Token))?.Goodbye.Reason);
        }

        await CheckNothingChangedAsync(stop: false);

        // The same with the right signature is taken: it was that which was missing.
        await using var accepted = await attacker.JoinAsync(Token);
        await GiveAsync(accepted, new SegmentFactory(pair.Stranger, secret), "from inside");
        said.Add("from inside");
        await room.HoldAllAsync([pair.Alice, pair.Bob], said);
    }

    private static async Task GiveAsync(RawLink link, SegmentFactory log, string text)
    {
        var segment = log.Next(text);
        await link.SayAsync(log.Have(segment), Token);
        await HearThroughAsync(link, frame => frame.KindCase == Frame.KindOneofCase.Credit);
        await link.SayAsync(SegmentFactory.Write(segment), Token);
    }

    /// <summary>What a member heard and said on a link with alice, and all that it was sent of the room there.</summary>
    private async Task<Recording> RecordAsync()
    {
        using var member = new Attacker(pair.Alice, pair.Hoarder) { Shares = RoomProofs.Give(secret, pair.Hoarder.PeerId, pair.AliceId) };
        await using var link = await member.JoinAsync(Token);
        await link.SayAsync(TransientFrames.WriteCredit(Credit), Token);
        var (frames, logs, segments) = (new List<Frame>(), new HashSet<LogId>(), new List<Segment>());
        while (segments.Sum(segment => segment.Header.Count) < said.Count)
        {
            var frame = await link.HearAsync(Token) ?? throw new IOException("The node has hung up.");
            if (frame.KindCase == Frame.KindOneofCase.Have)
            {
                frames.Add(frame);
                Assert.True(HaveFrames.TryRead(frame.Have, out var told, out _, out _));
                foreach (var head in told.Where(head => logs.Add(head.LogId)))
                    await link.SayAsync(WantFrames.WriteWant(head.LogId, head.LogId.Empty, standing: true), Token);
            }
            else if (frame.KindCase == Frame.KindOneofCase.Segments)
            {
                frames.Add(frame);
                segments.AddRange(frame.Segments.Segments_);
            }
        }

        var proofs = RoomProofs.Read(link.Hello!).Append(secret.Prove(pair.Hoarder.PeerId, pair.AliceId, link.Nonces.Dialler.Span, link.Nonces.Served.Span));
        var admission = Opening.Parser.ParseFrom(segments.First(segment => !segment.Header.Opening.IsEmpty).Header.Opening).Admission.ToByteArray();
        byte[][] names = [secret.Conversation.Value.ToArray(), bobId.ToArray(), .. logs.Select(log => log.Value.ToArray())];
        return new Recording(frames, [.. logs], [secret.Conversation.Value, .. proofs], admission, names);
    }

    /// <summary>All frames up to one that is waited for.</summary>
    private static async Task<List<Frame>> HearThroughAsync(RawLink link, Predicate<Frame> last)
    {
        var heard = new List<Frame>();
        do
            heard.Add(await link.HearAsync(Token) ?? throw new IOException($"The node has hung up after {heard.LastOrDefault()}."));
        while (!last(heard[^1]));
        return heard;
    }

    /// <summary>True if a frame holds the id of the room, of one of its logs, or of a member that is not the link's other end.</summary>
    private static bool Names(Frame frame, Recording stolen)
    {
        var bytes = frame.ToByteArray();
        return stolen.Names.Any(name => bytes.AsSpan().IndexOf(name) >= 0);
    }

    private async Task CheckNothingChangedAsync(bool stop = true)
    {
        await room.HoldAllAsync([pair.Alice, pair.Bob], said);
        Assert.DoesNotContain(await pair.Alice.Client.ListPeersAsync(), peer => peer.PeerId == pair.Stranger.PeerId.ToString() && peer.Admission == Admission.Known);
        if (!stop)
            return;
        NodeProcess[] both = [pair.Alice, pair.Bob];
        await Campaign.StopAndVerifyAsync(both);
        foreach (var node in both)
        {
            var inRoom = $"conversation = x'{Convert.ToHexString(secret.Conversation.Value.ToArray())}'";
            Assert.Equal(2, Databases.ReadNumber(node.DatabasePath, $"SELECT count(*) FROM log WHERE {inRoom}"));
            Assert.Equal(
                said.Count, Databases.ReadNumber(node.DatabasePath, $"SELECT sum(count) FROM segment JOIN log ON log.id = segment.log WHERE {inRoom}"));
            Assert.Equal(0, Databases.ReadNumber(node.DatabasePath, "SELECT count(*) FROM fork_proof"));
        }
    }

    /// <summary>What was stolen.</summary>
    /// <param name="Frames">Frames that a member heard on its link.</param>
    /// <param name="Logs">The room's logs.</param>
    /// <param name="Proofs">The room's id, and the proofs that both sides gave on that link.</param>
    /// <param name="Admission">By which the room admits one of its authors.</param>
    /// <param name="Names">What nobody outside may hear.</param>
    private sealed record Recording(
        IReadOnlyList<Frame> Frames, IReadOnlyList<LogId> Logs, IReadOnlyList<Bytes32> Proofs, byte[] Admission, IReadOnlyList<byte[]> Names);
}

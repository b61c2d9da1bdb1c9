using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>One link that is up: reads frames and hands them on, writes what waits, and keeps a heartbeat. Reading never waits for writing.</summary>
internal sealed class LinkSession : IAsyncDisposable
{
    private readonly IFrameConnection connection;
    private readonly ReplicationLoop replication;
    private readonly Action<LinkSession, EphemeralBody> receiveEphemeral;
    private readonly Func<LinkSession, Members, string> receiveMembers;
    private readonly Action<LinkSession> sharesTaken;
    private readonly AnnouncementRate sharesRate;
    private readonly AnnouncementRate membersRate;
    private readonly AnnouncementRate membersSentRate;
    private readonly AnnouncementRate recordsRate;
    private readonly TimeProvider time;
    private readonly ILogger log;
    private readonly CancellationTokenSource ending = new();
    private readonly TaskCompletionSource closing = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly long startedAt;
    private readonly Lock standing = new();
    private long lastHeard;
    private long pingSentAt;
    private ulong pingNumber;
    private LinkEnd? end;

    public LinkSession(
        LinkId id, IFrameConnection connection, RemoteHello remote, ReplicationLoop replication, WaitingFrames waiting,
        Action<LinkSession, EphemeralBody> receiveEphemeral, Func<LinkSession, Members, string> receiveMembers, Action<LinkSession> sharesTaken, ReadStretch readStretch,
        TimeProvider time, ILogger log, bool isStranger = false)
    {
        IsStranger = isStranger;
        Id = id;
        this.connection = connection;
        Remote = remote;
        this.replication = replication;
        this.receiveEphemeral = receiveEphemeral;
        this.receiveMembers = receiveMembers;
        this.sharesTaken = sharesTaken;
        this.time = time;
        sharesRate = PerMinute(LinkLimits.SharesPerMinute);
        membersRate = PerMinute(LinkLimits.MembersPerMinute);
        membersSentRate = PerMinute(LinkLimits.MembersSentPerMinute);
        recordsRate = PerMinute(LinkLimits.RecordsPerMinute);
        this.log = log;
        Outbound = new LinkOutbound(waiting);
        Recalls = new LinkRecalls(remote.Sharing, Outbound, readStretch, time);
        startedAt = lastHeard = time.GetTimestamp();
    }

    public LinkId Id { get; }

    public RemoteHello Remote { get; }

    public PeerId Peer => Remote.PeerId;

    public LinkSharing Sharing => Remote.Sharing;

    public bool Dialled => connection.Dialled;

    public string Address => connection.RemoteAddress;

    public LinkOutbound Outbound { get; }

    /// <summary>The peer came in because everybody may: what it writes is bounded.</summary>
    public bool IsStranger { get; private set; }

    /// <summary>Follows what the owner knows of the peer. Never blocks.</summary>
    public void Follow(Func<bool> findStranger)
    {
        // Asked in here, so that of two changes the later one counts, whoever comes first.
        lock (standing)
        {
            if (findStranger() is var now && now == IsStranger)
                return;
            IsStranger = now;
            replication.Bound(this);
        }
    }

    /// <summary>Looks ahead of replication, in both directions.</summary>
    public LinkRecalls Recalls { get; }

    public TimeSpan SinceHeard => time.GetElapsedTime(Interlocked.Read(ref lastHeard));

    public TimeSpan Age => time.GetElapsedTime(startedAt);

    /// <summary>The round trip of the last answered ping in milliseconds; 0 before the first.</summary>
    public double RoundTripMilliseconds { get; private set; }

    /// <summary>Shares what this node shares with the peer now, and tells it. Never blocks.</summary>
    public void Follow(Func<OwnShares> find)
    {
        if (!Sharing.Follow(find, shares => Add(SharesFrames.Write(shares)), changes => replication.Share(this, changes)))
            EndToShareAgain();
    }

    /// <summary>Tells the other side of members, if it was not told too often of late. Never blocks.</summary>
    public void TellMembers(MembersMessage members)
    {
        if (membersSentRate.TryTake())
            Add(MembersFrames.Write(members));
    }

    /// <summary>True if the signature of one more record that the other side tells may be checked now.</summary>
    public bool TryLookAtRecord() => recordsRate.TryTake();

    private AnnouncementRate PerMinute(int most) => new(most, TimeSpan.FromMinutes(1), time);

    private void EndToShareAgain() => Close(GoodbyeReason.SharedAgain, "Something is shared again: on a new link.");

    /// <summary>This node's owner wants what it did not want before: the next link is told all of it. Never blocks.</summary>
    public void EndToWantAgain() => Close(GoodbyeReason.SharedAgain, "Something is wanted again: on a new link.");

    /// <summary>Says goodbye and ends the link. The first reason given counts. Never blocks.</summary>
    public void Close(GoodbyeReason reason, string detail)
    {
        Interlocked.CompareExchange(ref end, new LinkEnd(reason, detail, ByOther: false), null);
        Finish(reason, detail);
    }

    /// <summary>Runs the link until it ends, and says why it did. Cancelling ends it with a goodbye, and cuts it if that can't go out in time.</summary>
    public async Task<LinkEnd> RunAsync(CancellationToken cancellationToken)
    {
        var reading = GuardAsync(ReadAsync(ending.Token));
        var writing = GuardAsync(WriteAsync(ending.Token));
        var beating = GuardAsync(BeatAsync(ending.Token));
        // Cancelled when this node stops, and also when the call has broken: why the link ends is noted by whoever knows.
        using var registration = cancellationToken.Register(() => Finish(GoodbyeReason.Shutdown, "The node is stopping."));
        await Task.WhenAny(reading, writing, beating, closing.Task).ConfigureAwait(false);
        // A goodbye of ours gets its moment to go out, and the other side its moment to hang up in answer.
        if (closing.Task.IsCompleted)
            await writing.WaitAsync(LinkLimits.Farewell, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (closing.Task.IsCompleted && writing.IsCompleted && Dialled)
            await reading.WaitAsync(LinkLimits.Farewell, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await ending.CancelAsync().ConfigureAwait(false);
        await Task.WhenAll(reading, writing, beating).ConfigureAwait(false);
        return end ?? new LinkEnd(GoodbyeReason.Unspecified, "the connection ended", ByOther: true);
    }

    /// <summary>Runs one of the link's loops to its end and notes why it ended.</summary>
    private async Task GuardAsync(Task loop)
    {
        try
        {
            await loop.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The link ends for a reason that is already noted.
        }
        catch (WireException broken)
        {
            Note(GoodbyeReason.Unspecified, broken.Message, byOther: true);
        }
        catch (Exception unexpected)
        {
            // One link's trouble ends that link, and is not to be lost.
            LinkLog.Broken(log, unexpected, Peer);
            Note(GoodbyeReason.Unspecified, "an internal error of this node ended it", byOther: false);
        }
    }

    private async Task WriteAsync(CancellationToken cancellationToken)
    {
        while (await Outbound.TakeAsync(cancellationToken).ConfigureAwait(false) is { } frame)
            await connection.WriteAsync(frame, cancellationToken).ConfigureAwait(false);
        await connection.CompleteAsync().ConfigureAwait(false);
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(LinkLimits.Heartbeat, time);
        while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
        {
            if (SinceHeard > LinkLimits.DeadAfter)
            {
                Note(GoodbyeReason.Timeout, $"nothing was heard for {LinkLimits.DeadAfter.TotalSeconds:0} s", byOther: false);
                return;
            }

            Interlocked.Exchange(ref pingSentAt, time.GetTimestamp());
            Add(TransientFrames.WritePing(Interlocked.Increment(ref pingNumber), reply: false));
        }
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        while (await connection.ReadAsync(cancellationToken).ConfigureAwait(false) is { } frame)
        {
            Interlocked.Exchange(ref lastHeard, time.GetTimestamp());
            if (frame.KindCase == Frame.KindOneofCase.Goodbye)
            {
                var (reason, detail) = HelloFrames.Read(frame.Goodbye);
                Note(reason, detail, byOther: true);
                return;
            }

            if (!await HandleAsync(frame, cancellationToken).ConfigureAwait(false))
                return;
        }
    }

    /// <summary>False if the frame breaks the protocol: the link is closing.</summary>
    private async ValueTask<bool> HandleAsync(Frame frame, CancellationToken cancellationToken)
    {
        switch (frame.KindCase)
        {
            case Frame.KindOneofCase.Ping when frame.Ping.Reply:
                if (frame.Ping.Number == Interlocked.Read(ref pingNumber))
                    RoundTripMilliseconds = time.GetElapsedTime(Interlocked.Read(ref pingSentAt)).TotalMilliseconds;
                return true;
            case Frame.KindOneofCase.Ping:
                Outbound.SetPong(TransientFrames.WritePing(frame.Ping.Number, reply: true));
                return true;
            case Frame.KindOneofCase.Ephemeral:
                return Handle(frame.Ephemeral);
            case Frame.KindOneofCase.Shares:
                return Handle(frame.Shares);
            case Frame.KindOneofCase.Members:
                return Handle(frame.Members);
            case Frame.KindOneofCase.Recall:
                return Handle(frame.Recall);
            case Frame.KindOneofCase.Recalled:
                return Recalls.TryTake(frame.Recalled, out var wrong) || Refuse(wrong);
            case Frame.KindOneofCase.None:
                // A frame of a later version: skipped, so that versions can live side by side.
                return true;
        }

        if (!LinkInputs.TryRead(Id, Sharing.Direct, frame, out var inputs, out var fault))
            return Refuse(fault);

        await replication.ReceiveAsync(inputs, cancellationToken).ConfigureAwait(false);
        return true;
    }

    private bool Handle(Ephemeral frame)
    {
        if (!TransientFrames.TryRead(frame, out var messages, out var fault))
            return Refuse(fault);

        receiveEphemeral(this, messages);
        return true;
    }

    private bool Handle(Members frame)
    {
        var fault = membersRate.TryTake() ? receiveMembers(this, frame) : $"It told of members more than {LinkLimits.MembersPerMinute} times in a minute.";
        return fault.Length == 0 || Refuse(fault);
    }

    private bool Handle(Shares frame)
    {
        if (!SharesFrames.TryRead(frame, out var shares, out var fault))
            return Refuse(fault);
        if (!sharesRate.TryTake())
            return Refuse($"It said more than {LinkLimits.SharesPerMinute} times in a minute what it shares.");
        if (!Sharing.Take(shares, changes => replication.Share(this, changes)))
        {
            EndToShareAgain();
            return false;
        }

        sharesTaken(this);
        return true;
    }

    private bool Handle(Recall frame)
    {
        if (!RecallFrames.TryRead(frame, out var question, out var fault))
            return Refuse(fault);

        Recalls.Answer(question);
        return true;
    }

    /// <summary>The other side broke the protocol.</summary>
    private bool Refuse(string fault)
    {
        Close(GoodbyeReason.Protocol, fault);
        return false;
    }

    private void Finish(GoodbyeReason reason, string detail)
    {
        Outbound.Finish(HelloFrames.WriteGoodbye(reason, detail));
        closing.TrySetResult();
    }

    private void Add(Frame frame)
    {
        if (!Outbound.TryAdd(frame))
            Close(GoodbyeReason.Protocol, "It does not read what is written to it.");
    }

    private void Note(GoodbyeReason reason, string detail, bool byOther) =>
        Interlocked.CompareExchange(ref end, new LinkEnd(reason, detail, byOther), null);

    public async ValueTask DisposeAsync()
    {
        Recalls.Dispose();
        Outbound.Drop();
        await connection.DisposeAsync().ConfigureAwait(false);
        ending.Dispose();
    }
}

using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>What a dialling loop is at.</summary>
/// <param name="Dialling">True while it tries or waits to try again.</param>
/// <param name="LastError">Why the last attempt failed and what to do; empty if none did.</param>
/// <param name="Failures">Attempts that brought no link up.</param>
/// <param name="IsUnwelcome">Nothing is shared with the peer, by what one of the two has said last.</param>
internal sealed record DialState(bool Dialling, string LastError, int Failures, bool IsUnwelcome)
{
    /// <summary>The timestamp at which the last attempt, or the link that it brought, ended; null if there was none.</summary>
    public long? TriedAt { get; init; }

    /// <summary>All its addresses lead to this node itself: it is no peer.</summary>
    public bool IsSelf { get; init; }

    /// <summary>How long after that the next one begins, unless something happens before.</summary>
    public TimeSpan Pause { get; init; }
}

/// <summary>Dials one peer for ever: while no link is up it tries the peer's addresses in turn, with growing waits. A peer without an identity is
/// pinned as soon as somebody proves one at its address.</summary>
internal sealed class Dialler : IAsyncDisposable
{
    private readonly DialContext context;
    private readonly CancellationTokenSource stopping = new();
    private readonly Signal nudge = new();
    private readonly RedialDelay delay;
    private readonly Dictionary<PeerAddress, string> told = [];

    /// <summary>Where this node itself has answered: one list of peers may be given to all nodes, each of which so is told of itself, too.</summary>
    private readonly HashSet<PeerAddress> own = [];

    // Who answers for one peer with ever new identities leaves room for what is to be said of the others.
    private readonly AnnouncementRate changes;
    private readonly Task running;
    private DialTarget target;
    private DialState state = new(true, "", 0, false);
    private long absentSince;
    private long? notAdmittedSince;
    private int attempts;
    private int failures;
    private bool isUnwelcome;

    public Dialler(DialTarget target, DialContext context)
    {
        this.target = target;
        this.context = context;
        delay = new RedialDelay(new Random(HashCode.Combine(context.Local.Instance, target.Record.Key)));
        changes = new AnnouncementRate(1, TimeSpan.FromMinutes(1), context.Time);
        absentSince = context.Time.GetTimestamp();
        running = Task.Run(RunAsync);
    }

    public DialState State => Volatile.Read(ref state);

    private PeerRecord Record => Volatile.Read(ref target).Record;

    public void Nudge() => nudge.Set();

    /// <summary>Takes over a changed target, and looks again at once. False if the peer's identity changed: that needs a new loop.</summary>
    public bool TryFollow(DialTarget changed)
    {
        if (changed.Record.PeerId != Record.PeerId)
            return false;
        if (changed.IsSameAs(target))
            return true;
        Volatile.Write(ref target, changed);
        nudge.Set();
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await running.ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task RunAsync()
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await StepAsync(stopping.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception broken)
            {
                // One peer's trouble must not end the dialling of it for good.
                LinkLog.DiallerBroken(context.Log, broken, Record.Label);
                await nudge.WaitAsync(NextPause(), context.Time, stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task StepAsync(CancellationToken cancellationToken)
    {
        if (Record.PeerId is { } peer && context.Table.Find(peer) is not null)
        {
            Volatile.Write(ref state, new DialState(false, "", failures, false));
            var linkedSince = context.Time.GetTimestamp();
            await nudge.WaitAsync(cancellationToken).ConfigureAwait(false);
            Rest(linkedSince);
            absentSince = context.Time.GetTimestamp();
            return;
        }

        var now = Volatile.Read(ref target);
        var addresses = now.Record.Addresses.Where(known => !own.Contains(known)).ToList();
        if (addresses.Count == 0)
        {
            Volatile.Write(ref state, new DialState(false, "", failures, false) { IsSelf = true });
            await nudge.WaitAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        var address = addresses[attempts++ % addresses.Count];
        var policy = now.Learnt.Contains(address) ? context.Policy : DialPolicy.Anywhere;
        isUnwelcome = false;
        var error = await TryAsync(address, policy, cancellationToken).ConfigureAwait(false);
        if (own.Contains(address))
            return;
        var pause = NextPause();
        Volatile.Write(ref state, new DialState(true, error, failures, isUnwelcome) { TriedAt = context.Time.GetTimestamp(), Pause = pause });
        await nudge.WaitAsync(pause, context.Time, cancellationToken).ConfigureAwait(false);
    }

    private TimeSpan NextPause() => delay.Next(context.Time.GetElapsedTime(absentSince));

    /// <summary>One attempt, and the life of the link if it succeeds. Returns what went wrong, for people.</summary>
    private async Task<string> TryAsync(PeerAddress address, DialPolicy policy, CancellationToken cancellationToken)
    {
        IFrameConnection connection;
        try
        {
            connection = await context.Transport.DialAsync(address.Host, address.Port, Record.PeerId, policy, cancellationToken).ConfigureAwait(false);
        }
        catch (DialException failed)
        {
            return await FailAsync(address, failed, cancellationToken).ConfigureAwait(false);
        }

        await using (connection.ConfigureAwait(false))
        {
            if (Record.PeerId is null)
                return await PinAsync(address, connection.Peer, cancellationToken).ConfigureAwait(false);
            return await LinkAsync(connection, address, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<string> LinkAsync(IFrameConnection connection, PeerAddress address, CancellationToken cancellationToken)
    {
        RemoteHello remote;
        try
        {
            using var limit = new CancellationTokenSource(LinkLimits.Handshake, context.Time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
            remote = await context.Handshake.DialAsync(connection, either.Token).ConfigureAwait(false);
        }
        catch (LinkRefusedException refused)
        {
            Count(DialFailure.Refused);
            isUnwelcome = refused is { ByOther: true, Reason: GoodbyeReason.NotAdmitted };
            return Describe(refused, address);
        }
        catch (WireException broken)
        {
            failures++;
            context.Failed.Add("broken");
            return broken.Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Count(DialFailure.Timeout);
            return $"It did not answer within {LinkLimits.Handshake.TotalSeconds:0} s.";
        }

        told.Clear();
        notAdmittedSince = null;
        var upSince = context.Time.GetTimestamp();
        var end = await context.Table.RunAsync(connection, remote, cancellationToken).ConfigureAwait(false);
        // What the link's own beginning and end have set is no reason to dial at once.
        nudge.Clear();
        if (end is { Reason: GoodbyeReason.Replaced, ByOther: true } or { Reason: GoodbyeReason.Crowded })
        {
            // However long ours lived, to dial at once would only take the link from the other process, or from the other side's other neighbours.
            delay.Contest();
            return end.Detail;
        }

        if (end.Reason == GoodbyeReason.Removed && Record.Admission == Admission.Unspecified)
        {
            // The two share no room any more. The other side may know this node as a peer, and let it in each time.
            failures++;
            isUnwelcome = true;
            delay.Contest();
            return end.Detail;
        }

        Rest(upSince);
        // Where another link has taken over, what was said to this one is for the other side.
        return end.Reason is GoodbyeReason.Superseded or GoodbyeReason.Replaced ? "" : end is { Reason: GoodbyeReason.Blocked, ByOther: true } ? DescribeBlock() : end.Detail;
    }

    private string DescribeBlock() => $"{Record.Label} has blocked this node: only its owner can take that back.";

    /// <summary>A link that ends as soon as it is up must not be dialled again without a pause, so only one that lived resets the waits.</summary>
    private void Rest(long upSince)
    {
        if (context.Time.GetElapsedTime(upSince) < LinkLimits.Settled)
            return;
        absentSince = context.Time.GetTimestamp();
        delay.Reset();
    }

    private void Count(DialFailure failure)
    {
        failures++;
        context.Failed.Add(failure);
    }

    private string Describe(LinkRefusedException refused, PeerAddress address)
    {
        if (refused is { ByOther: true, Reason: GoodbyeReason.Blocked })
            return DescribeBlock();
        if (refused is not { ByOther: true, Reason: GoodbyeReason.NotAdmitted })
            return refused.Message;
        if (Record.Admission == Admission.Unspecified)
            return $"{Record.Label}, whom a ticket or a member names, is in no room with this node (any more).";
        var why = Record.PeerId is { } inviter && context.Handshake.IsRedeeming(inviter)
            ? $"{Record.Label} does not take this node's invite: it was used or revoked, or has ended. Ask for another one, or"
            : $"{Record.Label} does not know this node yet:";
        var advice = $"{why} its owner can let it in by: p2pgrpc peers accept {context.Local.PeerId}";
        notAdmittedSince ??= context.Time.GetTimestamp();
        if (context.Time.GetElapsedTime(notAdmittedSince.Value) >= LinkLimits.Acquaintance)
            TellOnce(address, advice, () =>
            {
                LinkLog.NotAdmitted(context.Log, address.ToString(), advice);
                context.Events.Notice("NOT_ADMITTED", Record.PeerId?.ToString() ?? "", advice);
                return true;
            });
        return advice;
    }

    /// <summary>What is wrong is told to the owner once, however many addresses show it, until it is something else there or a link has been up. What could not be
    /// told yet is told at a later dial.</summary>
    private void TellOnce(PeerAddress address, string advice, Func<bool> tryTell)
    {
        if (!told.ContainsValue(advice) && tryTell())
            told[address] = advice;
    }

    private async Task<string> FailAsync(PeerAddress address, DialException failed, CancellationToken cancellationToken)
    {
        Count(failed.Kind);
        LinkLog.DialFailed(context.Log, Record.Label, address.ToString(), failed.Message);
        if (failed is { Kind: DialFailure.IdentityMismatch, Found: { } other } && Record.PeerId is { } expected)
        {
            if (Record.Admission == Admission.Unspecified)
                return $"The node at {address} is {other}, not {expected}, whom a ticket or a member names there. Join by a newer ticket.";
            if (!context.IsInBook(expected, address))
                return $"The node at {address} is {other}, not {Record.Label}, who was said to be there.";
            var advice = $"The node at {address} is {other}, not {Record.Label} ({expected}). If its identity really changed: p2pgrpc peers remove "
                + $"{Record.Label}, then p2pgrpc peers add {(Record.Alias is { } alias ? alias + "=" : "")}{address}";
            TellOnce(address, advice, () => changes.TryTake() && context.TryTellOfChange(Record.Label, address, expected, other, advice));
            return advice;
        }

        if (Record.PeerId is null && failed.Found is { } found)
            return await PinAsync(address, found, cancellationToken).ConfigureAwait(false);
        return failed.Message;
    }

    private Task<string> PinAsync(PeerAddress address, PeerId found, CancellationToken cancellationToken)
    {
        if (found != context.Local.PeerId)
            return context.PinAsync(address, found, cancellationToken);
        own.Add(address);
        LinkLog.FoundItself(context.Log, Record.Label, address.ToString());
        return Task.FromResult("");
    }
}

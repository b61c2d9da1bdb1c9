using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Invites;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>The served side of links: hears who dials in, admits or refuses, and runs the link. Thread-safe.</summary>
internal sealed class LinkServer(
    LinkHandshake handshake, LinkTable table, PeerBook book, InviteBook invites, Knocks knocks, AdmissionPolicy policy, NodeEvents events,
    TimeProvider time, ILogger<LinkServer> log)
{
    private readonly AnnouncementRate announcements = new(LinkLimits.KnocksPerMinute, TimeSpan.FromMinutes(1), time);
    private volatile AdmissionPolicy policy = policy;
    private readonly AnnouncementRate meetings = new(LinkLimits.KnocksPerMinute, TimeSpan.FromMinutes(1), time);
    private int knocking;

    /// <summary>Nodes that were not let in, by what they were told.</summary>
    public ReasonCounts Refused { get; } = ReasonCounts.Of<GoodbyeReason>();

    /// <summary>Read on both sides: it must be clear whose owner is meant.</summary>
    public const string BlockedDetail = "The owner of the node that ends this link has blocked the other one.";

    /// <summary>A peer that is not dialled from here showed itself: whoever dials it may try at once.</summary>
    public event Action<PeerId>? Heard;

    /// <summary>A stranger knocked while this node knows peers by address alone, of which it may be one: whoever dials those may try at once.</summary>
    public event Action? StrangerHeard;

    /// <summary>Lets in others from now on. Links that are up stay.</summary>
    public void SetPolicy(AdmissionPolicy changed) => policy = changed;

    /// <summary>Serves one link from its first frame to its end.</summary>
    public async Task ServeAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        // Strangers share few slots, so that they can't keep known peers out.
        var isStranger = book.Snapshot.Find(connection.Peer)?.Admission != Admission.Known;
        if (isStranger && Interlocked.Increment(ref knocking) > LinkLimits.Knocking)
        {
            Interlocked.Decrement(ref knocking);
            await RefuseAsync(connection, GoodbyeReason.Busy, "Too many strangers are knocking; try later.", cancellationToken).ConfigureAwait(false);
            return;
        }

        RemoteHello? remote;
        try
        {
            remote = await AdmitAsync(connection, cancellationToken).ConfigureAwait(false);
        }
        catch (WireException)
        {
            // It hung up before it was let in, which is its business.
            return;
        }
        finally
        {
            if (isStranger)
                Interlocked.Decrement(ref knocking);
        }

        if (remote is not null)
            await table.RunAsync(connection, remote, cancellationToken).ConfigureAwait(false);
    }

    private async Task<RemoteHello?> AdmitAsync(IFrameConnection connection, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(LinkLimits.Handshake, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            var heard = await handshake.HearAsync(connection, either.Token).ConfigureAwait(false);
            Heard?.Invoke(heard.PeerId);
            await JudgeAsync(connection, heard, either.Token).ConfigureAwait(false);
            return await handshake.WelcomeAsync(connection, heard, either.Token).ConfigureAwait(false);
        }
        catch (LinkRefusedException refused)
        {
            if (!refused.ByOther)
                await RefuseAsync(connection, refused.Reason, refused.Message, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <exception cref="LinkRefusedException">It is not let in.</exception>
    private async Task JudgeAsync(IFrameConnection connection, ServedHello heard, CancellationToken cancellationToken)
    {
        var verdict = Judge(heard, handshake.ShowsInvite(heard, invites));
        try
        {
            if (verdict == AdmissionVerdict.AdmitInvited && !await AdmitInvitedAsync(heard, cancellationToken).ConfigureAwait(false))
                verdict = Judge(heard, showsInvite: false);
        }
        catch (LinkRefusedException) when (book.Snapshot.Find(heard.PeerId)?.Admission == Admission.Known)
        {
            // Its invite can't be used up on a full disk, and it does not need it.
        }

        switch (verdict)
        {
            case AdmissionVerdict.AdmitInvited:
            case AdmissionVerdict.Admit or AdmissionVerdict.AdmitGuest:
                break;
            case AdmissionVerdict.AdmitNew:
                await AdmitNewAsync(heard.PeerId, cancellationToken).ConfigureAwait(false);
                break;
            case AdmissionVerdict.Blocked:
                throw Blocked();
            default:
                Note(new Knock(heard.PeerId, heard.Greeting.Name, connection.RemoteAddress));
                throw new LinkRefusedException(
                    GoodbyeReason.NotAdmitted,
                    $"This node does not know you yet. Its owner can let you in: p2pgrpc peers accept {heard.PeerId}", byOther: false);
        }
    }

    private AdmissionVerdict Judge(ServedHello heard, bool showsInvite) =>
        AdmissionRule.Judge(book.Snapshot.Find(heard.PeerId), policy, handshake.SharesRoom(heard), showsInvite);

    private async Task AdmitNewAsync(PeerId peer, CancellationToken cancellationToken)
    {
        var record = await ChangeBookAsync(book.AdmitAsync(peer, cancellationToken)).ConfigureAwait(false);
        if (record.Admission != Admission.Known)
            throw Blocked();
    }

    /// <summary>False if another peer was faster, or the owner took the invite back.</summary>
    private async Task<bool> AdmitInvitedAsync(ServedHello heard, CancellationToken cancellationToken)
    {
        var used = invites.UseAsync(heard.Greeting.Invite!.Invite, heard.PeerId, cancellationToken);
        if (await ChangeBookAsync(used).ConfigureAwait(false) is not { } record)
            return false;
        knocks.Remove(heard.PeerId);
        LinkLog.CameByInvite(log, record.Label);
        events.Notice(
            "INVITE_USED", heard.PeerId.ToString(), $"{record.Label} has come in by an invite and is a known peer now. If you did not invite it: p2pgrpc peers block {record.Label}");
        return true;
    }

    private static async Task<T> ChangeBookAsync<T>(Task<T> change)
    {
        try
        {
            return await change.ConfigureAwait(false);
        }
        catch (Exception impossible) when (impossible is PeerBookException or StoreException)
        {
            throw new LinkRefusedException(GoodbyeReason.Busy, "This node can't take a new peer at the moment; try later.", byOther: false);
        }
    }

    private static LinkRefusedException Blocked() =>
        new(GoodbyeReason.Blocked, BlockedDetail, byOther: false);

    private void Note(Knock knock)
    {
        // One that is known by address alone is no stranger any more once it has been dialled: the owner has nothing to do then.
        var mayBeKnown = book.Snapshot.Records.Values.Any(record => record.PeerId is null);
        var isDue = knocks.Add(knock, mayBeKnown ? LinkLimits.Acquaintance : TimeSpan.Zero, announcements);
        if (mayBeKnown && meetings.TryTake())
            StrangerHeard?.Invoke();
        if (!isDue)
            return;
        LinkLog.Knocked(log, knock.PeerId, knock.Address, knock.PeerId);
        events.Publish(new WatchEventsResponse
        {
            Knock = new KnockEvent { PeerId = knock.PeerId.ToString(), SuggestedName = knock.SuggestedName, Address = knock.Address },
        });
    }

    private async Task RefuseAsync(IFrameConnection connection, GoodbyeReason reason, string detail, CancellationToken cancellationToken)
    {
        Refused.Add(reason);
        try
        {
            await connection.WriteAsync(HelloFrames.WriteGoodbye(reason, detail), cancellationToken).ConfigureAwait(false);
            await connection.CompleteAsync().ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is WireException or OperationCanceledException)
        {
            // It did not wait for the answer.
        }
    }
}

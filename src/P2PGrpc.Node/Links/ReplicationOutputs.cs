using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Replication;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Links;

/// <summary>Carries out what the replicator asks: hands frames to links and work to the store, all without waiting. Links may be added and removed
/// from other threads; the rest belongs to the replication loop.</summary>
internal sealed class ReplicationOutputs(
    LogStore store, ReplicationEvents events, Action<ReplicatorInput> report, Action<ReplicatorInput> serve, Action<TimeSpan> wakeAt, TimeProvider time, ILogger log)
    : IAsyncDisposable
{
    /// <summary>Heads read from the store at a time.</summary>
    private const int HeadsPerPage = 1000;

    /// <summary>Lines about reads that failed in one minute: with a disk that is dying, links come and go as fast as they are dialled.</summary>
    private const int ReadFailedPerMinute = 5;

    /// <summary>Lines and notices about logs that peers turn away, and about quotas of bytes that are used up, in one minute each: a peer that comes and goes says so on
    /// each link, and members of a room can be any number.</summary>
    private const int QuotaPerMinute = 5;

    private readonly AnnouncementRate quotaLines = new(QuotaPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly AnnouncementRate byteLines = new(QuotaPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly AnnouncementRate readFailedLines = new(ReadFailedPerMinute, TimeSpan.FromMinutes(1), time);
    private readonly ConcurrentDictionary<LinkId, LinkLoader> links = new();

    public void Add(LinkSession session) => links[session.Id] = new LinkLoader(session, store, report, OnReadFailed);

    public void Remove(LinkSession session)
    {
        if (links.TryRemove(session.Id, out var loader))
            _ = loader.DisposeAsync().AsTask();
    }

    public void CarryOut(ReplicatorOutput output)
    {
        switch (output)
        {
            case ReplicatorOutput.Load load:
                Load(load);
                break;
            case ReplicatorOutput.LoadHeads heads:
                _ = Task.Run(() => LoadHeads(heads));
                break;
            case ReplicatorOutput.Store segment:
                store.Store(segment.Header, segment.Body as SegmentBytes, segment.Refusals);
                break;
            case ReplicatorOutput.Repair repair:
                store.Repair(repair.Header, (SegmentBytes)repair.Body);
                break;
            case ReplicatorOutput.Freeze freeze:
                store.Freeze(freeze.LogId, freeze.First, freeze.Second);
                break;
            case ReplicatorOutput.WakeAt wake:
                wakeAt(wake.Time);
                break;
            case ReplicatorOutput.Acknowledged acknowledged:
                store.RecordAcknowledged(acknowledged.Peer, acknowledged.Log, acknowledged.LogId, acknowledged.Head);
                events.RaiseAcknowledged(acknowledged.Peer, acknowledged.Log, acknowledged.LogId, acknowledged.Head);
                break;
            case ReplicatorOutput.HeardThrough heard:
                if (Find(heard.Link) is { } session)
                    store.RecordHeard(session.Peer, new HeardPosition(session.Remote.Instance, heard.Position, session.Sharing.Scope));
                break;
            case ReplicatorOutput.ForgetHeard:
                store.ForgetHeard();
                break;
            case ReplicatorOutput.QuotaReached reached:
                Tell(reached);
                break;
            case ReplicatorOutput.QuotaReachedThere reached when quotaLines.TryTake():
                ReplicationLog.QuotaReachedThere(log, reached.Peer.ToString());
                events.RaiseQuotaReachedThere(reached.Peer);
                break;
            case ReplicatorOutput.QuotaReachedThere:
                break;
            case ReplicatorOutput.Release:
                // Bodies here are ordinary memory: letting go is all there is to do.
                break;
            default:
                SendOnLink(output);
                break;
        }
    }

    private void Tell(ReplicatorOutput.QuotaReached reached)
    {
        // Of logs it is told once; of bytes again where it lasts, and under any number of identities.
        if (reached.Reason is not (QuotaReason.AuthorLogs or QuotaReason.AllLogs) && !byteLines.TryTake())
            return;
        if (reached.Reason == QuotaReason.AuthorLogs)
            ReplicationLog.QuotaReached(log, reached.Log.Author.ToString());
        else if (reached.Reason == QuotaReason.AllLogs)
            ReplicationLog.ConversationFull(log, reached.Log.Conversation.ToString());
        else
            ReplicationLog.ByteQuotaReached(log, reached.Reason, reached.Log.Author.ToString(), reached.Log.Conversation.ToString());
        events.RaiseQuotaReached(reached.Log, reached.Reason);
    }

    private void Load(ReplicatorOutput.Load load)
    {
        if (!links.TryGetValue(load.Link, out var loader))
            return;
        if (loader.TryServe(load) is { } served)
            serve(served);
        else
            loader.Add(load);
    }

    private void SendOnLink(ReplicatorOutput output)
    {
        switch (output)
        {
            case ReplicatorOutput.SendHave have:
                Find(have.Link)?.Outbound.AddHave(have.Logs, have.Through);
                break;
            case ReplicatorOutput.SendCredit credit:
                Find(credit.Link)?.Outbound.AddCredit(credit.Bytes);
                break;
            case ReplicatorOutput.SendSegments send:
                Send(send);
                break;
            case ReplicatorOutput.SendWant want:
                Add(want.Link, WantFrames.WriteWant(want.LogId, want.After, want.Standing, want.ErasedThrough));
                break;
            case ReplicatorOutput.SendUnwant unwant:
                Add(unwant.Link, WantFrames.WriteUnwant(unwant.LogId));
                break;
            case ReplicatorOutput.SendRefuse refuse:
                Add(refuse.Link, WantFrames.WriteRefuse(refuse.LogId, refuse.Reason, refuse.Erased));
                break;
            case ReplicatorOutput.SendForkProof proof:
                Add(proof.Link, ForkProofFrames.Write(proof.First, proof.Second));
                break;
            case ReplicatorOutput.Close { Reason: CloseReason.WantedAgain } close:
                Find(close.Link)?.EndToWantAgain();
                break;
            case ReplicatorOutput.Close close:
                Find(close.Link)?.Close(GoodbyeReason.Protocol, Describe(close.Reason));
                break;
            default:
                throw new InvariantException($"Nobody does {output}.");
        }
    }

    private LinkSession? Find(LinkId link) => links.TryGetValue(link, out var loader) ? loader.Session : null;

    private void Add(LinkId link, Frame frame)
    {
        if (Find(link) is { } session && !session.Outbound.TryAdd(frame))
            session.Close(GoodbyeReason.Protocol, "It does not read what is written to it.");
    }

    private void Send(ReplicatorOutput.SendSegments send)
    {
        if (Find(send.Link) is not { } session)
            return;
        var frame = SegmentFrames.Write(send.Segments.Select(segment => (segment.Header, (segment.Body as SegmentBytes)?.Body)));
        session.Outbound.AddSegments(frame, send.Segments.Sum(segment => segment.Weight));
    }

    private void LoadHeads(ReplicatorOutput.LoadHeads request)
    {
        try
        {
            report(store.LoadHeads(request.Conversation, request.After, HeadsPerPage));
        }
        catch (Exception broken) when (broken is StoreException or Microsoft.Data.Sqlite.SqliteException or IOException)
        {
            // Without heads nothing of this conversation can be exchanged. The others go on.
            OnReadFailed(broken);
            report(new ReplicatorInput.HeadsFailed(request.Conversation));
        }
    }

    private void OnReadFailed(Exception broken)
    {
        if (readFailedLines.TryTake())
            ReplicationLog.ReadFailed(log, broken);
    }

    private static string Describe(CloseReason reason) => reason switch
    {
        CloseReason.CreditOverrun => "It sent more than credit was given for.",
        CloseReason.TooManyLogs => "It names more logs than a link may.",
        _ => reason.ToString(),
    };

    public async ValueTask DisposeAsync()
    {
        foreach (var link in links.Keys)
            if (links.TryRemove(link, out var loader))
                await loader.DisposeAsync().ConfigureAwait(false);
    }
}

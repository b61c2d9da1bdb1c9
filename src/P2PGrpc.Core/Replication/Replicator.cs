using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Logs;
using RefuseReason = P2PGrpc.Protocol.RefuseReason;

namespace P2PGrpc.Core.Replication;

/// <summary>The rules of replication, one per node: who is told what, who pushes which log, what is stored. Deterministic, without I/O;
/// the same inputs give the same outputs. Not thread-safe: one loop feeds it.</summary>
internal sealed class Replicator
{
    private readonly ReplicatorState state;
    private readonly CreditBudget credit;
    private readonly StoreGate gate;
    private readonly ByteQuota bytes;
    private readonly PusherChoice choice;
    private readonly HeardPositions heard;
    private readonly Teller teller;
    private readonly SegmentSender sender;
    private readonly ForkWatch forks;
    private readonly SegmentReceiver receiver;
    private readonly Repairs repairs;
    private readonly Succession succession;
    private readonly LinkRegister links;
    private readonly Interests interests;
    private readonly StoredHeads heads;
    private TimeSpan? wake;

    /// <param name="self">This node.</param>
    /// <param name="limits">Limits and times.</param>
    /// <param name="position">The feed position of the last entry on disk when this process started, 0 if there is none.</param>
    public Replicator(PeerId self, ReplicatorLimits limits, ulong position)
    {
        state = new ReplicatorState(self, limits, position);
        credit = new CreditBudget(state);
        gate = new StoreGate(state);
        bytes = new ByteQuota(state);
        choice = new PusherChoice(state, credit, gate, bytes);
        heard = new HeardPositions(state);
        teller = new Teller(state);
        sender = new SegmentSender(state, teller);
        repairs = new Repairs(state, credit, choice, teller);
        var quota = new LogQuota(state);
        forks = new ForkWatch(state, choice, heard, sender, repairs, quota);
        succession = new Succession(state, gate, choice, bytes);
        receiver = new SegmentReceiver(state, credit, gate, choice, heard, teller, forks, repairs, succession, quota, bytes);
        links = new LinkRegister(state, credit, choice, repairs);
        interests = new Interests(state, choice, receiver);
        heads = new StoredHeads(state, bytes, receiver, teller, forks, sender, repairs);
    }

    /// <summary>Takes one input and adds what follows from it to the outputs, in the order in which it is to be done.</summary>
    /// <param name="now">A monotonic time; one before the last counts as the last.</param>
    /// <param name="input">What happened.</param>
    /// <param name="outputs">What to do is added here.</param>
    /// <exception cref="InvariantException">A bug here or in the shell.</exception>
    public void Handle(TimeSpan now, ReplicatorInput input, List<ReplicatorOutput> outputs)
    {
        Begin(now, outputs);
        Take(input);
        End();
    }

    /// <summary>Takes inputs that came together, in order. What is told and credited because of them goes in one frame per link.</summary>
    public void Handle(TimeSpan now, IReadOnlyList<ReplicatorInput> inputs, List<ReplicatorOutput> outputs)
    {
        Begin(now, outputs);
        for (var index = 0; index < inputs.Count; index++)
        {
            Take(inputs[index]);
            ForgetClosed();
        }

        End();
    }

    /// <summary>Counts what is kept.</summary>
    public ReplicatorCounts Count() => new(
        state.Links.Count,
        state.Logs.Count,
        state.Links.Values.Sum(link => link.Logs.Count),
        state.Links.Values.Sum(link => link.ToTell.Count + link.Ready.Count + link.HeldWants.Count + link.Lanes.Count + link.LoadsInFlight.Count + link.OverQuota.Count)
        + state.Conversations.Values.Sum(conversation => conversation.Meters.Values.Sum(meter => meter.Waiting) + (conversation.Whole?.Waiting ?? 0))
        + state.Logs.Values.Sum(log => log.Stores.Count) + state.EarlyProofs.Count + gate.Waiting + succession.Waiting,
        state.Conversations.Values.Sum(conversation => conversation.Meters.Count),
        state.Deadlines.Count);

    private void Begin(TimeSpan now, List<ReplicatorOutput> outputs)
    {
        state.Now = now > state.Now ? now : state.Now;
        state.Outputs = outputs;
    }

    private void End()
    {
        ForgetClosed();
        foreach (var link in state.Starting)
            link.Started = true;
        state.Starting.Clear();
        succession.Settle();
        teller.Flush();
        credit.Flush();
        if (state.Deadlines.Earliest() is not { } earliest || earliest == wake)
            return;
        wake = earliest;
        state.Emit(new ReplicatorOutput.WakeAt(earliest));
    }

    private void ForgetClosed()
    {
        foreach (var link in state.Closing)
            links.Remove(link);
        state.Closing.Clear();
    }

    private void Take(ReplicatorInput input)
    {
        switch (input)
        {
            case ReplicatorInput.LinkUp up:
                links.Add(up);
                break;
            case ReplicatorInput.HeadsLoaded loaded:
                heads.OnLoaded(loaded);
                break;
            case ReplicatorInput.HeadsFailed failed:
                heads.OnFailed(failed.Conversation);
                break;
            case ReplicatorInput.Stored stored:
                OnStored(stored);
                break;
            case ReplicatorInput.StoreFailed failed:
                receiver.OnStoreFailed(FindLog(failed.LogId), failed.Head, failed.Failure);
                break;
            case ReplicatorInput.Appended appended:
                OnAppended(appended);
                break;
            case ReplicatorInput.Frozen frozen:
                forks.OnFrozen(FindLog(frozen.LogId), frozen.Proof);
                break;
            case ReplicatorInput.Damaged damaged:
                repairs.OnDamaged(damaged);
                break;
            case ReplicatorInput.Repaired repaired:
                repairs.OnRepaired(FindLog(repaired.LogId), repaired.Head, repaired.Failure);
                break;
            case ReplicatorInput.Interest interest:
                interests.OnInterest(interest);
                break;
            case ReplicatorInput.Measure measure:
                state.Emit(new ReplicatorOutput.Measured(
                    measure.Number, Backlog.Measure(state.Conversations.GetValueOrDefault(measure.Conversation), measure.Logs)));
                break;
            case ReplicatorInput.Bound or ReplicatorInput.Quotas or ReplicatorInput.Freed:
                Consider(bytes.Take(input));
                break;
            case ReplicatorInput.Tick:
                OnTick();
                break;
            default:
                TakeFromLink(input);
                break;
        }
    }

    private void TakeFromLink(ReplicatorInput input)
    {
        switch (input)
        {
            case ReplicatorInput.LinkDown down when Find(down.Link) is { } link:
                links.Remove(link);
                break;
            case ReplicatorInput.Sharing sharing when Find(sharing.Link) is { } link:
                OnSharing(link, sharing);
                break;
            case ReplicatorInput.Have have when Find(have.Link) is { } link:
                receiver.OnHave(link, have);
                break;
            case ReplicatorInput.Want want when Find(want.Link) is { } link:
                sender.OnWant(link, want);
                break;
            case ReplicatorInput.Unwant unwant when Find(unwant.Link) is { } link:
                sender.OnUnwant(link, unwant.LogId);
                break;
            case ReplicatorInput.Credit given when Find(given.Link) is { } link:
                sender.OnCredit(link, given.Bytes);
                break;
            case ReplicatorInput.Refuse refuse when Find(refuse.Link) is { } link:
                OnRefuse(link, refuse);
                break;
            case ReplicatorInput.ForkProof proof when Find(proof.Link) is { } link:
                forks.OnForkProof(link, proof.First, proof.Second);
                break;
            case ReplicatorInput.Segment segment when Find(segment.Link) is { } link:
                receiver.OnSegment(link, segment.Header, segment.Body);
                break;
            case ReplicatorInput.Segment segment:
                state.Emit(new ReplicatorOutput.Release(segment.Body));
                break;
            case ReplicatorInput.Loaded loaded:
                OnLoaded(loaded);
                break;
            default:
                break;
        }
    }

    private LinkState? Find(LinkId link) => state.Links.GetValueOrDefault(link);

    private LogState FindLog(LogId logId)
    {
        InvariantException.Check(state.Logs.TryGetValue(logId, out var log), "The store answers only what it was asked.");
        return log;
    }

    private void OnSharing(LinkState link, ReplicatorInput.Sharing sharing)
    {
        var conversation = state.GetConversation(sharing.Conversation);
        if (!sharing.On)
        {
            links.Unshare(link, conversation);
            return;
        }

        links.Share(link, conversation, sharing.Authors);
        foreach (var log in conversation.Logs.Values)
            log.OverQuota = false;
        if (conversation.Loaded)
        {
            teller.TellAll(link, conversation);
            forks.ShowAll(link, conversation);
            repairs.OnShared(conversation);
        }
        else
        {
            heads.Load(conversation);
        }
    }

    private void OnAppended(ReplicatorInput.Appended appended)
    {
        InvariantException.Check(appended.Log.Author == state.Self, "A node appends to its own logs only.");
        var log = state.GetLog(state.GetConversation(appended.Log.Conversation), appended.Log, appended.LogId);
        choice.Drop(log);
        log.Own = true;
        if (appended.Head.Sequence > log.Durable.Sequence)
        {
            log.Durable = appended.Head;
            log.Pending = appended.Head;
        }

        Advance(log, appended.Position);
    }

    private void OnStored(ReplicatorInput.Stored stored)
    {
        // By its key: of what a recovered store finds, the log may have been forgotten since.
        var log = state.GetLog(state.GetConversation(stored.Log.Conversation), stored.Log, stored.LogId);
        receiver.OnStored(log, stored);
        Advance(log, stored.Position);
    }

    /// <summary>More of the log is on disk: all who share it get it, or hear of it.</summary>
    private void Advance(LogState log, ulong position)
    {
        log.Position = Math.Max(log.Position, position);
        state.Position = Math.Max(state.Position, position);
        foreach (var link in log.Conversation.Links)
        {
            var linkedLog = ReplicatorState.GetLinkedLog(link, log);
            receiver.Confirm(linkedLog);
            heard.Settle(linkedLog);
            sender.OnAdvanced(linkedLog);
        }
    }

    private void OnRefuse(LinkState link, ReplicatorInput.Refuse refuse)
    {
        if (!link.Logs.TryGetValue(refuse.LogId, out var linkedLog))
            return;
        if (refuse.Reason is RefuseReason.Quota or RefuseReason.Unwanted)
        {
            sender.OnUnwant(link, refuse.LogId);
            if (refuse.Reason == RefuseReason.Quota && linkedLog.Log.Key.Author == state.Self && !link.ToldOfQuota)
            {
                link.ToldOfQuota = true;
                state.Emit(new ReplicatorOutput.QuotaReachedThere(link.Peer, linkedLog.Log.Key));
            }

            return;
        }

        if (refuse.Reason == RefuseReason.Frozen)
        {
            choice.OnAllGiven(linkedLog);
            return;
        }

        if (repairs.OnRefused(linkedLog))
            return;
        if (refuse is { Reason: RefuseReason.Pruned, Erased: { } stretch })
        {
            choice.OnPruned(linkedLog, stretch);
            return;
        }

        choice.OnRefused(linkedLog);
    }

    private void OnLoaded(ReplicatorInput.Loaded loaded)
    {
        if (Find(loaded.Link) is { } link && link.LoadsInFlight.Remove(loaded.LogId, out var linkedLog))
            sender.OnLoaded(link, linkedLog, loaded.Result);
        else
            sender.Release(loaded.Result);
    }

    private void OnTick()
    {
        wake = null;
        while (state.Deadlines.TryTake(state.Now, out var due))
        {
            switch (due)
            {
                case LinkState link:
                    teller.OnDue(link);
                    break;
                case LogState log:
                    choice.OnDue(log);
                    break;
                case Repair repair:
                    repairs.OnDue(repair);
                    break;
                case Successor successor:
                    succession.OnDue(successor);
                    break;
                case ConversationState unread:
                    heads.OnDue(unread);
                    break;
                case CreditBudget budget:
                    budget.OnDue();
                    break;
                case ByteMeter meter:
                    Consider(bytes.OnDue(meter));
                    break;
                default:
                    Consider(gate.TakeDeferred());
                    break;
            }
        }
    }

    private void Consider(IReadOnlyList<LogState> logs)
    {
        foreach (var log in logs)
            choice.Consider(log);
    }
}

using System.Globalization;
using System.Net;
using P2PGrpc.Core.Logs;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>Where a node is reached.</summary>
/// <param name="Listen">Where it listens.</param>
/// <param name="Advertised">What others shall dial.</param>
/// <param name="DataDirectory">Where its files are.</param>
/// <param name="Endpoints">What it and the program around it serve besides, by the options that say so; a URL is null where it is off.</param>
internal sealed record NodePlaces(IPEndPoint Listen, PeerAddress Advertised, string DataDirectory, Func<IReadOnlyList<(string Option, string? Url)>> Endpoints);

/// <summary>Looks for what is wrong with the node that runs here. Takes 10 seconds at most. Thread-safe.</summary>
internal sealed class RunningDiagnosis(
    LogStore store, OldestUndelivered oldest, ReplicationLoop replication, Recipients recipients, PeerBook book, LinkTable links, Diallers diallers, DrainGate gate, PeerDialer dialer, NodePlaces places,
    TimeProvider time)
{
    private const int NewestSegments = 64;

    /// <summary>What waits longer is worth a word.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromDays(1);

    private const ulong ManyUndelivered = 10_000;

    /// <summary>What was found, in the order of the checks.</summary>
    public async Task<IReadOnlyList<Finding>> RunAsync(CancellationToken cancellationToken)
    {
        var findings = new Findings();
        // A part of the database that can't be read is a finding, and keeps nobody from the others.
        StoreException? unreadable = null;
        var stamps = Read(ReadStamps, ref unreadable) ?? [];
        var age = Read(oldest.FindAge, ref unreadable);
        MachineChecks.CheckModes(places.DataDirectory, findings);
        MachineChecks.CheckDisk(places.DataDirectory, findings);
        CheckStore(unreadable, findings);
        MachineChecks.CheckClock(time.GetUtcNow(), stamps, findings);
        MachineChecks.CheckDescriptors(findings);
        CheckUndelivered(age, findings);
        foreach (var (option, url) in places.Endpoints())
            if (url is not null)
                await PortChecks.CheckTakenAsync(option, url, time, findings, cancellationToken).ConfigureAwait(false);
        var probe = new PeerProbe(dialer, time);
        await Task.WhenAll(CheckListeningAsync(findings, cancellationToken), probe.RunAsync(FindUnlinked(findings), findings, cancellationToken)).ConfigureAwait(false);
        return findings.All;
    }

    private static T? Read<T>(Func<T> read, ref StoreException? unreadable)
    {
        try
        {
            return read();
        }
        catch (StoreException failed)
        {
            unreadable = failed;
            return default;
        }
    }

    private void CheckStore(StoreException? unreadable, Findings findings)
    {
        var health = store.Health;
        if (!health.Writable)
            findings.Fail("database", health.Error ?? "It is read only.", "It is opened anew each second. If it does not come back: stop the node, look at the disk, start it again.");
        else if (health.Error is { } full)
            findings.Fail("database", full, "Free some space; writing goes on by itself then.");
        else if (unreadable is not null)
            findings.Fail("database", unreadable.Message, "Have the disk looked at. 'p2pgrpc verify' says what is damaged; 'p2pgrpc restore' puts a backup into an empty directory.");
        else if (store.DamagedPlaces is > 0 and var damaged)
            findings.Fail(
                "database", string.Create(CultureInfo.InvariantCulture, $"{damaged} {(damaged == 1 ? "place is" : "places are")} damaged, and not served."),
                "Have the disk looked at. What a linked peer holds is fetched again from it; 'p2pgrpc verify' looks at all of the database.");
        else
            findings.Ok("database", $"It is written to, and no damage was met. It holds {store.LastPosition} messages. All of it is looked at by 'p2pgrpc verify'.");
        if (replication.IsStopped)
            findings.Fail("replication", "A rule of replication was broken by a bug: all links are closed.", "Restart the node, and report what its log says.");
        if (gate.IsClosed)
            findings.Warn("drain", "The node is being drained: it takes no new messages.", "To have it take messages again: p2pgrpc drain --off");
    }

    private List<(string Author, bool Own, ulong Stamp)> ReadStamps()
    {
        var last = store.LastPosition;
        var page = store.ReadFeed(last - Math.Min(last, NewestSegments), NewestSegments, LogLimits.BodyLength * 4L);
        var stamps = new List<(string Author, bool Own, ulong Stamp)>();
        foreach (var segment in page.Segments)
            if (!segment.Erased && SegmentBodyReader.ReadOne(segment.Header, segment.Body, 0) is { } entry)
                stamps.Add((recipients.Label(segment.Header.Log.Author), segment.Header.Log.Author == recipients.Self, entry.Clock));
        return stamps;
    }

    private void CheckUndelivered(TimeSpan? age, Findings findings)
    {
        if (store.CountUndelivered(Audience.Forgotten) is > 0 and var kept)
            findings.Ok("undelivered", string.Create(
                CultureInfo.InvariantCulture, $"{kept} of this node's messages {(kept == 1 ? "is" : "are")} kept for peers that were removed, and no longer counted. Added again, a peer gets them."));
        var count = store.CountUndelivered();
        if (count == 0)
        {
            findings.Ok("undelivered", "No message of this node waits for somebody to acknowledge it.");
            return;
        }

        var state = string.Create(
            CultureInfo.InvariantCulture, $"{count} of this node's messages are not yet acknowledged{(age is { } waited ? $", the oldest for {MachineChecks.Describe(waited)}" : "")}.");
        if (count >= ManyUndelivered || age >= LongWait)
            findings.Warn("undelivered", state, "'p2pgrpc peers list' shows for whom. A peer that never comes back: p2pgrpc peers remove. A message: p2pgrpc explain REFERENCE");
        else
            findings.Ok("undelivered", state);
    }

    /// <summary>This node dials itself, as a peer would.</summary>
    private async Task CheckListeningAsync(Findings findings, CancellationToken cancellationToken)
    {
        var any = places.Listen.Address.Equals(IPAddress.Any) || places.Listen.Address.Equals(IPAddress.IPv6Any);
        var local = new PeerAddress((any ? IPAddress.Loopback : places.Listen.Address).ToString(), places.Listen.Port);
        var answers = await Task.WhenAll(DialSelfAsync(local, cancellationToken), DialSelfAsync(places.Advertised, cancellationToken)).ConfigureAwait(false);
        if (answers[0] is { } silent)
            findings.Fail("listen", $"The node does not answer where it listens, {places.Listen}: {silent}", "Look into its log; restart it.");
        else
            findings.Ok("listen", $"The node answers where it listens, {places.Listen}.");
        if (places.Advertised == local)
            return;
        if (answers[1] is { } elsewhere)
            findings.Warn(
                "advertise", $"Others are told to dial {places.Advertised}, where this node does not reach itself: {elsewhere}",
                "Behind a router that may be normal. Otherwise say by --advertise where others reach it.");
        else
            findings.Ok("advertise", $"Others are told to dial {places.Advertised}, where this node answers.");
    }

    /// <summary>What goes wrong; null if nothing does.</summary>
    private async Task<string?> DialSelfAsync(PeerAddress address, CancellationToken cancellationToken)
    {
        var own = new Findings();
        await new PeerProbe(dialer, time).RunAsync([new ProbedPeer("it", recipients.Self, [address], "")], own, cancellationToken).ConfigureAwait(false);
        return own.All.FirstOrDefault(finding => finding.Severity == Severity.Error)?.Detail;
    }

    private List<ProbedPeer> FindUnlinked(Findings findings)
    {
        var unlinked = new List<ProbedPeer>();
        var linked = 0;
        foreach (var record in book.Snapshot.Records.Values.Where(record => record.Admission != Admission.Blocked))
        {
            var state = diallers.Find(record.Key);
            if (record.PeerId is { } peer && links.Find(peer) is not null)
                linked++;
            else if (state is { IsSelf: true })
                findings.Ok("peer", $"{record.Label} is this node itself, which is no peer: it is not dialled.");
            else
                unlinked.Add(new ProbedPeer(record.Label, record.PeerId, record.Addresses, state?.LastError ?? ""));
        }

        if (linked > 0 || unlinked.Count == 0)
            findings.Ok("links", unlinked.Count == 0 && linked == 0 ? "This node knows no peers." : string.Create(CultureInfo.InvariantCulture, $"{linked} of {linked + unlinked.Count} peers are linked."));
        return unlinked;
    }
}

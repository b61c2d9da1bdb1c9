using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Protocol;
using TicketPeer = P2PGrpc.Core.Identity.TicketPeer;

namespace P2PGrpc.Node.Peers;

/// <summary>The peers that this node knows. Changes take effect at once, are on disk when the call returns, and are made one at a time.
/// Reading is lock-free on an immutable snapshot. Thread-safe.</summary>
internal sealed class PeerBook : IDisposable
{
    /// <summary>Records in the book: with open admission strangers make records, and each costs memory and a row.</summary>
    public const int MaximumRecords = 10_000;

    private readonly PeerId self;
    private readonly PeerTable table;
    private readonly SemaphoreSlim changing = new(1, 1);
    private PeerSnapshot snapshot;

    public PeerBook(PeerId self, PeerTable table)
    {
        this.self = self;
        this.table = table;
        snapshot = new PeerSnapshot(table.Load());
    }

    /// <summary>Raised after each change, outside of locks. Handlers must not block.</summary>
    public event Action? Changed;

    public PeerSnapshot Snapshot => Volatile.Read(ref snapshot);

    /// <summary>Adds a peer, or gives a known one another alias or a further address. An identity that was pinned is never replaced.</summary>
    /// <exception cref="PeerBookException">Another peer has the alias, or the alias belongs to another identity.</exception>
    public Task<PeerRecord> AddAsync(PeerSpecification peer, CancellationToken cancellationToken) =>
        ChangeAsync(current => DecideToAdd(current, peer, isConfigured: false), cancellationToken);

    /// <summary>The same for a peer that the options name.</summary>
    /// <exception cref="PeerBookException">As for <see cref="AddAsync"/>.</exception>
    public Task<PeerRecord> ConfigureAsync(PeerSpecification peer, CancellationToken cancellationToken) =>
        ChangeAsync(current => DecideToAdd(current, peer, isConfigured: true), cancellationToken);

    /// <summary>Forgets addresses, of the peers that the options name, that were named by former options alone: who was moved, or written wrongly, is not dialled there.</summary>
    /// <returns>What is gone.</returns>
    public async Task<IReadOnlyList<(PeerRecord Peer, PeerAddress Address)>> ForgetFormerAsync(IReadOnlyList<PeerSpecification> configured, CancellationToken cancellationToken)
    {
        var gone = new List<(PeerRecord, PeerAddress)>();
        foreach (var peer in configured.GroupBy(named => FindExisting(Snapshot, named)?.Key))
        {
            if (peer.Key is not { } key || !Snapshot.Records.TryGetValue(key, out var before))
                continue;
            var named = peer.Select(one => one.Address).OfType<PeerAddress>().ToHashSet();
            if (before.WithoutFormer(named).Addresses.Count == before.Addresses.Count)
                continue;
            var after = await ChangeAsync(
                current => current.Records.TryGetValue(key, out var record) ? (record, record.WithoutFormer(named)) : (before, before), cancellationToken).ConfigureAwait(false);
            gone.AddRange(before.Addresses.Except(after.Addresses).Select(address => (after, address)));
        }

        return gone;
    }

    /// <summary>Looks whether all these could be added, one after the other. Changes nothing.</summary>
    /// <exception cref="PeerBookException">One of them could not.</exception>
    public void CheckAdding(IEnumerable<PeerSpecification> peers)
    {
        var current = Snapshot;
        foreach (var peer in peers)
        {
            var (replaced, record) = DecideToAdd(current, peer, isConfigured: true);
            current = (replaced is null ? current : current.Without(replaced.Key)).With(record);
        }
    }

    private static PeerRecord? FindExisting(PeerSnapshot current, PeerSpecification peer) => (peer.PeerId is { } id ? current.Find(id) : null)
        ?? (peer.Alias is { } alias ? current.FindByAlias(alias) : null)
        ?? (peer.Address is { } address ? current.FindByAddress(address) : null);

    private (PeerRecord? Replaced, PeerRecord Record) DecideToAdd(PeerSnapshot current, PeerSpecification peer, bool isConfigured)
    {
        if (peer.PeerId == self)
            throw new PeerBookException(PeerBookFault.Invalid, "This is the node's own PeerId; it can send to itself by the name 'self'.");
        var byAlias = peer.Alias is { } alias ? current.FindByAlias(alias) : null;
        var existing = FindExisting(current, peer);
        if (byAlias is not null && existing != byAlias)
            throw new PeerBookException(
                PeerBookFault.AlreadyExists, $"The alias '{peer.Alias}' belongs to {byAlias.Key}. Take another, or remove that peer first.");
        if (peer.PeerId is { } named && existing?.PeerId is { } pinned && named != pinned)
            throw new PeerBookException(
                PeerBookFault.AlreadyExists,
                $"'{existing.Label}' is already known as {pinned}. If its identity really changed, remove it first: p2pgrpc peers remove {existing.Label}");
        var record = existing ?? new PeerRecord(peer.PeerId, peer.Alias, [], Admission.Known);
        var identity = record.PeerId ?? peer.PeerId;
        record = (isConfigured ? record.WithConfigured(peer.Address) : record.WithTold(peer.Address)) with
        {
            PeerId = identity,
            Alias = peer.Alias ?? record.Alias,
            IsStranger = false,
            Admission = record.Admission == Admission.Blocked ? Admission.Blocked : identity is null ? Admission.Unpinned : Admission.Known,
        };
        return (existing, record);
    }

    /// <summary>Notes who answered at an address that was given without an identity. Returns the record that stands for the peer now.</summary>
    public Task<PeerRecord> PinAsync(PeerAddress address, PeerId peer, CancellationToken cancellationToken) => ChangeAsync(current =>
    {
        var unpinned = current.FindByAddress(address);
        var known = current.Find(peer);
        if (known is not null && unpinned is not null && unpinned != known && unpinned.PeerId is null)
        {
            // The same peer was given twice, by address and by identity: one record with both addresses remains.
            var merged = (unpinned.Configured.Contains(address) ? known.WithConfigured(address) : known.WithTold(address)) with { Alias = known.Alias ?? unpinned.Alias, IsStranger = false };
            return (unpinned, merged);
        }

        var record = known ?? (unpinned is { PeerId: null } ? unpinned : new PeerRecord(peer, null, [], Admission.Known));
        var admission = record.Admission == Admission.Blocked ? Admission.Blocked : Admission.Known;
        return (known ?? (unpinned is { PeerId: null } ? unpinned : null), record.WithAddress(address) with { PeerId = peer, Admission = admission, IsStranger = false });
    }, cancellationToken);

    /// <summary>Lets a peer in, whether it is new, unpinned or blocked.</summary>
    public Task<PeerRecord> AcceptAsync(PeerId peer, string? alias, CancellationToken cancellationToken) => ChangeAsync(current =>
    {
        if (alias is not null && current.FindByAlias(alias) is { } holder && holder.PeerId != peer)
            throw new PeerBookException(
                PeerBookFault.AlreadyExists, $"The alias '{alias}' belongs to {holder.Key}. Take another, or remove that peer first.");
        var existing = current.Find(peer);
        var record = existing ?? new PeerRecord(peer, null, [], Admission.Known);
        return (existing, record with { Alias = alias ?? record.Alias, Admission = Admission.Known, IsStranger = false });
    }, cancellationToken);

    /// <summary>Lets in a peer that nobody knows, where everybody is welcome. Leaves a peer that the owner has put in the book as it is, blocked or not.</summary>
    public Task<PeerRecord> AdmitAsync(PeerId peer, CancellationToken cancellationToken) => ChangeAsync(current =>
    {
        var existing = current.Find(peer);
        return (existing, existing ?? new PeerRecord(peer, null, [], Admission.Known) { IsStranger = true });
    }, cancellationToken);

    /// <summary>Lets in a peer that has shown an invite, known or not. It gets the invite's alias if it has none and nobody else has it.</summary>
    /// <param name="peer">Who comes.</param>
    /// <param name="alias">What the owner wanted to call whoever comes; may be empty.</param>
    /// <param name="use">Uses the invite up, in the same transaction: who comes in and what let it in are one change.</param>
    /// <param name="cancellationToken">Gives up before the change is made.</param>
    /// <exception cref="PeerBookException">It was blocked meanwhile, or the book is full.</exception>
    public Task<PeerRecord> AdmitInvitedAsync(PeerId peer, string alias, WriteOperation use, CancellationToken cancellationToken) => ChangeAsync(
        current =>
        {
            var existing = current.Find(peer);
            if (existing?.Admission == Admission.Blocked)
                throw new PeerBookException(PeerBookFault.Invalid, "This peer is blocked.");
            var record = existing ?? new PeerRecord(peer, null, [], Admission.Known);
            var isFree = alias.Length > 0 && current.FindByAlias(alias) is null;
            return (existing, record with { Alias = record.Alias ?? (isFree ? alias : null), Admission = Admission.Known, IsStranger = false });
        },
        cancellationToken, use);

    /// <summary>Makes the peer known whose invite this node has been given, at its addresses.</summary>
    /// <param name="inviter">Who gave the invite, and where it listens.</param>
    /// <param name="alias">What to call it; empty for what it is called already, or else what is proposed.</param>
    /// <param name="proposed">What it calls itself; may be empty. Not taken if a peer has it that was given by one of these addresses alone: the two
    /// become one record, with this alias, once the inviter has answered there.</param>
    /// <param name="keep">Keeps the invite, in the same transaction.</param>
    /// <param name="cancellationToken">Gives up before the change is made.</param>
    /// <exception cref="PeerBookException">It is this node itself, or blocked; another peer has the alias; or the book is full.</exception>
    public Task<PeerRecord> AddInviterAsync(
        TicketPeer inviter, string alias, string proposed, WriteOperation keep, CancellationToken cancellationToken)
    {
        var addresses = PeerAddress.ParseNamedByOthers(inviter.Addresses);
        return ChangeAsync(
            current =>
            {
                // A ticket may name any address. Those of another peer stay its own; if that one has no identity yet, whose it is shows when somebody answers there.
                var existing = current.Find(inviter.PeerId);
                var own = addresses.Where(address => current.FindByAddress(address) is not { } holder || holder == existing);
                if (existing?.Admission == Admission.Blocked)
                    throw new PeerBookException(
                        PeerBookFault.Invalid, $"This node has blocked {existing.Label}, who gave this invite. First: p2pgrpc peers accept {existing.Label}");
                var isExpected = current.FindByAlias(proposed) is { PeerId: null } expected && expected.Addresses.Intersect(addresses).Any();
                var chosen = alias.Length > 0 ? alias : existing?.Alias ?? (isExpected ? "" : proposed);
                if (chosen.Length > 0 && current.FindByAlias(chosen) is { } holder && holder != existing)
                    throw new PeerBookException(
                        PeerBookFault.AlreadyExists, $"The alias '{chosen}' belongs to {holder.Key}. Choose another one for the inviter ('join' takes it by --name).");
                var record = existing ?? new PeerRecord(inviter.PeerId, null, [], Admission.Known);
                record = own.Reverse().Aggregate(record, (known, address) => known.WithTold(address));
                return (existing, record with { PeerId = inviter.PeerId, Alias = chosen.Length > 0 ? chosen : null, Admission = Admission.Known, IsStranger = false });
            },
            cancellationToken, keep);
    }

    public Task<PeerRecord> BlockAsync(PeerId peer, CancellationToken cancellationToken) => ChangeAsync(current =>
    {
        var existing = current.Find(peer);
        return (existing, (existing ?? new PeerRecord(peer, null, [], Admission.Blocked)) with { Admission = Admission.Blocked });
    }, cancellationToken);

    public async Task RemoveAsync(PeerRecord record, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            // From here on the change is made whether its caller waits or not, so that disk and memory stay the same.
            await table.WriteAsync([record.Key], [], null, CancellationToken.None).ConfigureAwait(false);
            Volatile.Write(ref snapshot, Snapshot.Without(record.Key));
        }
        finally
        {
            changing.Release();
        }

        Changed?.Invoke();
    }

    /// <summary>The one way in for changes: decide on the snapshot, write, then show.</summary>
    private async Task<PeerRecord> ChangeAsync(
        Func<PeerSnapshot, (PeerRecord? Replaced, PeerRecord Record)> decide, CancellationToken cancellationToken, WriteOperation? besides = null)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        PeerRecord record;
        try
        {
            var (replaced, decided) = decide(Snapshot);
            record = decided;
            if (besides is null && replaced is not null && replaced.Key == record.Key && Same(replaced, record))
                return record;
            if (replaced is null && Snapshot.Records.Count >= MaximumRecords)
                throw new PeerBookException(
                    PeerBookFault.Full, $"The peer book is full ({MaximumRecords} peers). Remove peers that are no longer needed.");
            string[] removed = replaced is null || replaced.Key == record.Key ? [] : [replaced.Key];
            await table.WriteAsync(removed, [record], besides, CancellationToken.None).ConfigureAwait(false);
            var next = Snapshot;
            foreach (var key in removed)
                next = next.Without(key);
            Volatile.Write(ref snapshot, next.With(record));
        }
        finally
        {
            changing.Release();
        }

        Changed?.Invoke();
        return record;
    }

    private static bool Same(PeerRecord one, PeerRecord other) =>
        one.Alias == other.Alias && one.Admission == other.Admission && one.IsStranger == other.IsStranger && one.PeerId == other.PeerId && one.Addresses.SequenceEqual(other.Addresses)
        && one.Configured.SequenceEqual(other.Configured);

    public void Dispose() => changing.Dispose();
}

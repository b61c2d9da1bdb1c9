using System.Collections.Immutable;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;

namespace P2PGrpc.Node.Invites;

/// <summary>The invites that this node has given. Each lets in one peer, whichever shows it first. Changes are on disk when the call returns, and are made one at
/// a time. Thread-safe.</summary>
internal sealed class InviteBook : IAsyncDisposable
{
    /// <summary>Invites open at one time: more than an owner has an eye on, and each is a row.</summary>
    public const int MaximumOpen = 1000;

    /// <summary>How long an invite is good for unless said otherwise: long enough for a letter, short enough to be forgotten.</summary>
    public static readonly TimeSpan DefaultLifetime = TimeSpan.FromDays(7);

    /// <summary>The longest that an invite may be good for: what is to last longer is better asked for anew.</summary>
    public static readonly TimeSpan LongestLifetime = TimeSpan.FromDays(365);

    /// <summary>How often the running time is kept while invites are open: what a crash adds to their life.</summary>
    private static readonly TimeSpan KeepInterval = TimeSpan.FromMinutes(10);

    private readonly PeerBook peers;
    private readonly InviteTable table;
    private readonly ILogger log;
    private readonly SemaphoreSlim changing = new(1, 1);
    private readonly ITimer keeping;
    private ImmutableDictionary<InviteId, Invite> open;

    public InviteBook(PeerBook peers, InviteTable table, TimeProvider time, ILogger log)
    {
        this.peers = peers;
        this.table = table;
        this.log = log;
        open = table.Load().ToImmutableDictionary(invite => invite.Id);
        keeping = time.CreateTimer(_ => _ = KeepTimeAsync(), null, KeepInterval, KeepInterval);
    }

    /// <summary>The invites that are good, in the order in which they end.</summary>
    public IReadOnlyList<Invite> List() => [.. Volatile.Read(ref open).Values.Where(IsGood).OrderBy(invite => invite.ExpiresAt)];

    /// <summary>How long the invite is good for yet.</summary>
    public TimeSpan Remaining(Invite invite) => TimeSpan.FromMilliseconds(Math.Max(0, invite.ExpiresAt - table.RunningTime.Milliseconds));

    /// <summary>Makes an invite. Its secret is kept nowhere here.</summary>
    /// <param name="alias">What to call whoever comes; may be empty.</param>
    /// <param name="lifetime">How long it is good for while this node runs.</param>
    /// <param name="cancellationToken">Gives up before the change is made.</param>
    /// <exception cref="PeerBookException">The alias is none, or belongs to a peer or to another invite; or too many are open.</exception>
    public async Task<(Invite Invite, InviteSecret Secret)> CreateAsync(string alias, TimeSpan lifetime, CancellationToken cancellationToken)
    {
        if (lifetime <= TimeSpan.Zero || lifetime > LongestLifetime)
            throw new PeerBookException(PeerBookFault.InvalidExpiry, $"An invite is good for at least a second and at most {LongestLifetime.TotalDays:0} days.");
        var secret = new InviteSecret(RandomNumberGenerator.GetBytes(InviteSecret.Length));
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var ended = open.Values.Where(invite => !IsGood(invite)).Select(invite => invite.Id).ToList();
            var others = open.RemoveRange(ended);
            CheckAlias(alias, others.Values);
            if (others.Count >= MaximumOpen)
                throw new PeerBookException(
                    PeerBookFault.TooManyInvites, $"{MaximumOpen} invites are open, which is all this node keeps. 'p2pgrpc invite revoke' takes one back.");
            var invite = new Invite(secret.Invite, alias, table.RunningTime.Milliseconds + (long)lifetime.TotalMilliseconds);
            // From here on the change is made whether its caller waits or not, so that disk and memory stay the same.
            await table.WriteAsync(ended, invite).ConfigureAwait(false);
            Volatile.Write(ref open, others.Add(invite.Id, invite));
            return (invite, secret);
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>Takes an invite back.</summary>
    /// <param name="text">Its id, the beginning of it, or the alias that it gives.</param>
    /// <param name="cancellationToken">Gives up before the change is made.</param>
    /// <exception cref="PeerBookException">No invite is meant, or several are.</exception>
    public async Task<Invite> RevokeAsync(string text, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var invite = InviteSelection.Find(List(), text);
            await table.WriteAsync([invite.Id], null).ConfigureAwait(false);
            Volatile.Write(ref open, open.Remove(invite.Id));
            return invite;
        }
        finally
        {
            changing.Release();
        }
    }

    /// <summary>True if the proof names an invite that is good, and holds. It costs a signature only where it names one.</summary>
    public bool IsShown(InviteProof proof, PeerId prover, PeerId verifier, ReadOnlySpan<byte> diallerNonce, ReadOnlySpan<byte> servedNonce) =>
        Volatile.Read(ref open).TryGetValue(proof.Invite, out var invite) && IsGood(invite) && proof.Holds(prover, verifier, diallerNonce, servedNonce);

    /// <summary>Lets a peer in by an invite that it has shown, and uses the invite up: one change on disk. Null if it was used, revoked or has ended meanwhile.</summary>
    /// <exception cref="PeerBookException">The peer was blocked meanwhile, or the book is full: the invite stays open.</exception>
    public async Task<PeerRecord?> UseAsync(InviteId id, PeerId peer, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!open.TryGetValue(id, out var invite) || !IsGood(invite))
                return null;
            var record = await peers.AdmitInvitedAsync(peer, invite.Alias, table.MakeChange([id], null), cancellationToken).ConfigureAwait(false);
            Volatile.Write(ref open, open.Remove(id));
            return record;
        }
        finally
        {
            changing.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await keeping.DisposeAsync().ConfigureAwait(false);
        await KeepTimeAsync().ConfigureAwait(false);
        changing.Dispose();
    }

    private bool IsGood(Invite invite) => table.RunningTime.Milliseconds < invite.ExpiresAt;

    private void CheckAlias(string alias, IEnumerable<Invite> others)
    {
        if (alias.Length == 0)
            return;
        if (!Alias.IsValid(alias))
            throw new PeerBookException(PeerBookFault.InvalidAlias, $"'{Telemetry.DisplayText.Clean(alias, 60)}' is no alias. {Alias.Rule}");
        if (peers.Snapshot.FindByAlias(alias) is { } holder)
            throw new PeerBookException(PeerBookFault.AlreadyExists, $"The alias '{alias}' belongs to {holder.Key}. Take another, or remove that peer first.");
        if (others.Any(invite => invite.Alias == alias))
            throw new PeerBookException(
                PeerBookFault.AlreadyExists, $"An open invite gives the alias '{alias}' already. Take another, or revoke that one: p2pgrpc invite revoke {alias}");
    }

    /// <summary>Without open invites nobody asks for the time.</summary>
    private async Task KeepTimeAsync()
    {
        if (List().Count == 0)
            return;
        try
        {
            await table.WriteAsync([], null).ConfigureAwait(false);
        }
        catch (Exception unwritten) when (unwritten is StoreException or ObjectDisposedException)
        {
            // The next time does it; until then a crash would let invites live longer by what has passed.
            InviteLog.TimeNotKept(log, unwritten.Message);
        }
    }
}

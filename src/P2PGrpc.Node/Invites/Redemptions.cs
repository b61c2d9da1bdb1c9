using System.Collections.Immutable;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using P2PGrpc.Core.Identity;
using P2PGrpc.Core.Invites;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Protocol;
using PeerTicket = P2PGrpc.Core.Invites.PeerTicket;

namespace P2PGrpc.Node.Invites;

/// <summary>The invites of others that this node has taken up: each is kept, over restarts too, and shown whenever its inviter is dialled, until that one has let
/// this node in as a known peer. One an inviter; a newer one takes the place of an older. Thread-safe.</summary>
internal sealed class Redemptions
{
    private readonly PeerBook peers;
    private readonly LogStore store;
    private readonly ILogger log;
    private ImmutableDictionary<PeerId, InviteSecret> waiting;

    public Redemptions(PeerBook peers, LogStore store, ILogger log)
    {
        this.peers = peers;
        this.store = store;
        this.log = log;
        waiting = Load(store);
        peers.Changed += FollowPeers;
        FollowPeers();
    }

    /// <summary>What to show this peer, or null.</summary>
    public InviteSecret? Find(PeerId inviter) => Volatile.Read(ref waiting).GetValueOrDefault(inviter);

    /// <summary>Takes up an invite: its inviter becomes known, and what is to be shown to it is kept, as one change on disk.</summary>
    /// <param name="ticket">The invite's ticket.</param>
    /// <param name="alias">What to call the inviter; empty for what it is called already, or else as the ticket proposes.</param>
    /// <param name="cancellationToken">Gives up before the change is made.</param>
    /// <exception cref="PeerBookException">It can't be taken up.</exception>
    public async Task<PeerRecord> AddAsync(PeerTicket ticket, string alias, CancellationToken cancellationToken)
    {
        var inviter = ticket.Inviter.PeerId;
        var proposed = Alias.IsValid(ticket.Name) ? ticket.Name : "";
        var record = await peers.AddInviterAsync(ticket.Inviter, alias, proposed, new RedemptionWrite(inviter, ticket.Secret), cancellationToken).ConfigureAwait(false);
        ImmutableInterlocked.Update(ref waiting, all => all.SetItem(inviter, ticket.Secret));
        return record;
    }

    /// <summary>The inviter has let this node in: there is nothing left to show. Never blocks.</summary>
    public void Forget(PeerId inviter)
    {
        if (ImmutableInterlocked.TryRemove(ref waiting, inviter, out _))
            _ = ForgetOnDiskAsync(inviter);
    }

    /// <summary>Whom the owner has removed or blocked is shown nothing any more.</summary>
    private void FollowPeers()
    {
        foreach (var inviter in Volatile.Read(ref waiting).Keys)
            if (peers.Snapshot.Find(inviter)?.Admission != Admission.Known)
                Forget(inviter);
    }

    private async Task ForgetOnDiskAsync(PeerId inviter)
    {
        try
        {
            await store.WriteAsync(new RedemptionWrite(inviter, null), CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception unwritten) when (unwritten is StoreException or ObjectDisposedException)
        {
            InviteLog.NotForgotten(log, inviter, unwritten.Message);
        }
    }

    private static ImmutableDictionary<PeerId, InviteSecret> Load(LogStore store) => store.Query(connection =>
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT inviter, secret FROM redemption";
        using var reader = command.ExecuteReader();
        var loaded = ImmutableDictionary.CreateBuilder<PeerId, InviteSecret>();
        while (reader.Read())
            if (reader.GetValue(0) is byte[] inviter && PeerId.TryRead(inviter, out var peer) && reader.GetValue(1) is byte[] { Length: InviteSecret.Length } secret)
                loaded[peer] = new InviteSecret(secret);
        return loaded.ToImmutable();
    });

    private sealed class RedemptionWrite(PeerId inviter, InviteSecret? secret) : WriteOperation
    {
        public override void Execute(SqliteConnection connection, SqliteTransaction transaction)
        {
            using var command = connection.CreateCommand();
            command.Transaction = transaction;
            command.CommandText = secret is null
                ? "DELETE FROM redemption WHERE inviter = $inviter"
                : "INSERT OR REPLACE INTO redemption (inviter, secret) VALUES ($inviter, $secret)";
            command.Parameters.AddWithValue("$inviter", inviter.ToArray());
            if (secret is not null)
                command.Parameters.AddWithValue("$secret", secret.ToArray());
            command.ExecuteNonQuery();
        }
    }
}

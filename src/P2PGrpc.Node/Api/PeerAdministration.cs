using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>What the owner does with peers; each change takes effect at once and is kept. Thread-safe.</summary>
internal sealed class PeerAdministration(PeerId self, PeerBook book, Knocks knocks, Diallers diallers, PeerListing listing)
{
    public IEnumerable<Peer> List() => listing.List();

    /// <exception cref="PeerBookException">The text is no peer, or the alias is taken.</exception>
    public async Task<Peer> AddAsync(string text, CancellationToken cancellationToken)
    {
        var specification = PeerSpecification.Parse(text, out var fault) ?? throw new PeerBookException(PeerBookFault.Invalid, fault);
        var record = await book.AddAsync(specification, cancellationToken).ConfigureAwait(false);
        if (record.PeerId is { } peer)
            Welcome(peer);
        return listing.Describe(record);
    }

    /// <exception cref="PeerBookException">No such peer is known.</exception>
    public Task RemoveAsync(string text, CancellationToken cancellationToken) =>
        book.RemoveAsync(PeerSelection.Find(book.Snapshot, text), cancellationToken);

    /// <exception cref="PeerBookException">No such peer is known, several are meant, or the alias is taken.</exception>
    public async Task<Peer> AcceptAsync(string text, string alias, CancellationToken cancellationToken)
    {
        if (alias.Length > 0 && !Alias.IsValid(alias))
            throw new PeerBookException(PeerBookFault.InvalidAlias, $"'{DisplayText.Clean(alias, 60)}' is no alias. {Alias.Rule}");
        var peer = FindOther(text);
        var record = await book.AcceptAsync(peer, alias.Length > 0 ? alias : null, cancellationToken).ConfigureAwait(false);
        Welcome(peer);
        return listing.Describe(record);
    }

    /// <exception cref="PeerBookException">No such peer is known, or several are meant.</exception>
    public async Task<Peer> BlockAsync(string text, CancellationToken cancellationToken)
    {
        var peer = FindOther(text);
        var record = await book.BlockAsync(peer, cancellationToken).ConfigureAwait(false);
        knocks.Remove(peer);
        return listing.Describe(record);
    }

    private void Welcome(PeerId peer)
    {
        knocks.Remove(peer);
        diallers.Nudge(peer);
    }

    private PeerId FindOther(string text)
    {
        var peer = PeerSelection.FindId(book.Snapshot, knocks.List().Select(knock => knock.PeerId), text);
        return peer != self ? peer : throw new PeerBookException(PeerBookFault.Invalid, "This is the node's own PeerId.");
    }
}

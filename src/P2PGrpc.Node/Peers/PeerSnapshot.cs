using System.Collections.Immutable;
using P2PGrpc.Core.Identity;

namespace P2PGrpc.Node.Peers;

/// <summary>The peer book at one moment. Immutable.</summary>
internal sealed class PeerSnapshot
{
    private readonly ImmutableDictionary<string, PeerRecord> records;
    private readonly ImmutableDictionary<string, string> keyByAlias;
    private readonly ImmutableDictionary<PeerAddress, string> keyByAddress;

    public PeerSnapshot(IEnumerable<PeerRecord> records)
        : this(
            ImmutableDictionary<string, PeerRecord>.Empty,
            ImmutableDictionary<string, string>.Empty,
            ImmutableDictionary<PeerAddress, string>.Empty)
    {
        var all = this;
        foreach (var record in records)
            all = all.With(record);
        this.records = all.records;
        keyByAlias = all.keyByAlias;
        keyByAddress = all.keyByAddress;
    }

    private PeerSnapshot(
        ImmutableDictionary<string, PeerRecord> records,
        ImmutableDictionary<string, string> keyByAlias,
        ImmutableDictionary<PeerAddress, string> keyByAddress)
    {
        this.records = records;
        this.keyByAlias = keyByAlias;
        this.keyByAddress = keyByAddress;
    }

    public ImmutableDictionary<string, PeerRecord> Records => records;

    public PeerRecord? Find(PeerId peer) => records.GetValueOrDefault(peer.ToString());

    public PeerRecord? FindByAlias(string alias) => keyByAlias.TryGetValue(alias, out var key) ? records.GetValueOrDefault(key) : null;

    public PeerRecord? FindByAddress(PeerAddress address) =>
        keyByAddress.TryGetValue(address, out var key) ? records.GetValueOrDefault(key) : null;

    /// <summary>The alias that the owner gave, or null.</summary>
    public string? AliasOf(PeerId peer) => Find(peer)?.Alias;

    public PeerSnapshot With(PeerRecord record)
    {
        var cleared = Without(record.Key);
        var addresses = cleared.keyByAddress;
        foreach (var address in record.Addresses)
            addresses = addresses.SetItem(address, record.Key);
        return new PeerSnapshot(
            cleared.records.SetItem(record.Key, record),
            record.Alias is { } alias ? cleared.keyByAlias.SetItem(alias, record.Key) : cleared.keyByAlias,
            addresses);
    }

    public PeerSnapshot Without(string key)
    {
        if (!records.TryGetValue(key, out var record))
            return this;
        var addresses = keyByAddress;
        foreach (var address in record.Addresses)
            if (addresses.GetValueOrDefault(address) == key)
                addresses = addresses.Remove(address);
        return new PeerSnapshot(
            records.Remove(key),
            record.Alias is { } alias && keyByAlias.GetValueOrDefault(alias) == key ? keyByAlias.Remove(alias) : keyByAlias,
            addresses);
    }
}

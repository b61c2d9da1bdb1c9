using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;
using Retention = P2PGrpc.Node.Logs.Retention;

namespace P2PGrpc.Node.Hosting;

/// <summary>Applies other options to a node that runs, as far as that is possible: all of it or, where something is wrong, nothing. Thread-safe; one at a time.</summary>
internal sealed class SettingsReload(
    NodeSettings settings, PeerBook book, LinkServer server, ReplicationLoop replication, QuotaNotice quotas, Retention retention) : IDisposable
{
    private readonly SemaphoreSlim changing = new(1);

    /// <summary>As the node runs now.</summary>
    private NodeSettings inForce = settings;

    /// <summary>Has the program read its options, and applies them.</summary>
    /// <exception cref="NodeRequestException">FAILED_PRECONDITION: they are wrong, and nothing has changed.</exception>
    public async Task<ReloadResponse> RereadAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ApplyAsync(inForce.Reread!(), cancellationToken).ConfigureAwait(false);
        }
        catch (UpkeepException wrong)
        {
            throw new NodeRequestException(StatusCode.FailedPrecondition, wrong.Reason, $"Nothing was changed. {wrong.Message}");
        }
    }

    /// <exception cref="NodeRequestException">FAILED_PRECONDITION: they are wrong, and nothing has changed.</exception>
    public async Task<ReloadResponse> ApplyAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        await changing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var wanted = NodeSettings.From(options);
            book.CheckAdding(wanted.Peers);
            return await ApplyAsync(wanted, cancellationToken).ConfigureAwait(false);
        }
        catch (NodeStartException wrong)
        {
            throw Wrong(wrong.Message);
        }
        catch (PeerBookException wrong)
        {
            throw Wrong(wrong.Message);
        }
        catch (StoreException failed)
        {
            throw NodeRequestException.OfStore(failed, "The peers could not be stored, so not all was applied:");
        }
        finally
        {
            changing.Release();
        }
    }

    public void Dispose() => changing.Dispose();

    private async Task<ReloadResponse> ApplyAsync(NodeSettings wanted, CancellationToken cancellationToken)
    {
        var response = new ReloadResponse();
        var before = inForce;
        // What may fail comes first.
        foreach (var peer in wanted.Peers.Except(before.Peers))
        {
            var record = await book.ConfigureAsync(peer, cancellationToken).ConfigureAwait(false);
            response.Applied.Add($"the peer {record.Label} is known{(record.Addresses.Count > 0 ? $", and dialled at {string.Join(", ", record.Addresses)}" : "")}");
        }

        foreach (var (peer, address) in await book.ForgetFormerAsync(wanted.Peers, cancellationToken).ConfigureAwait(false))
            response.Applied.Add($"the peer {peer.Label} is not dialled at {address} any more");
        foreach (var gone in before.Peers.Except(wanted.Peers).Where(gone => IsStillKnown(gone) && !wanted.Peers.Any(peer => IsSame(peer, gone))))
            response.Hints.Add($"the peer {Call(gone)} is named no more, and stays known. To forget it: p2pgrpc peers remove {Call(gone)}");
        if (wanted.Accept != before.Accept)
        {
            server.SetPolicy(wanted.Accept);
            response.Applied.Add(wanted.Accept == AdmissionPolicy.Any ? "everybody may come in" : "only known peers may come in; those that came in before stay known");
        }

        if (wanted.Replication != before.Replication)
        {
            replication.SetQuotas(wanted.Replication);
            quotas.SetQuotas(wanted.Replication);
            response.Applied.Add("the quotas hold for what comes from now on; what is held stays");
        }

        if ((wanted.KeepDays, wanted.KeepBytes) != (before.KeepDays, before.KeepBytes))
        {
            // What came before is in force already: from there on nothing is given up half way.
            await retention.SetNodeAsync(new RetentionLimits(wanted.KeepDays, wanted.KeepBytes), CancellationToken.None).ConfigureAwait(false);
            response.Applied.Add("messages are kept as long as said now, and what goes beyond is being erased");
        }

        response.NeedsRestart.Add(FindFixed(before, wanted));
        inForce = before with
        {
            Peers = wanted.Peers,
            Accept = wanted.Accept,
            Replication = wanted.Replication,
            KeepDays = wanted.KeepDays,
            KeepBytes = wanted.KeepBytes,
        };
        return response;
    }

    /// <summary>What a node, or the program around it, takes up only when it starts.</summary>
    private static IEnumerable<string> FindFixed(NodeSettings before, NodeSettings wanted)
    {
        (string Option, bool Changed)[] all =
        [
            ("name", wanted.Name != before.Name), ("data", wanted.DataDirectory != before.DataDirectory), ("listen", !wanted.Listen.Equals(before.Listen)),
            ("advertise", wanted.Advertise != before.Advertise), ("api", !Equals(wanted.Api, before.Api)), ("api-open", wanted.ApiOpen != before.ApiOpen),
            ("health", !Equals(wanted.Health, before.Health)), ("web", !Equals(wanted.Web, before.Web)), ("web-origin", !wanted.WebOrigins.SequenceEqual(before.WebOrigins)),
            ("api-cert", wanted.ApiCertificate != before.ApiCertificate), ("api-key", wanted.ApiKey != before.ApiKey),
            ("discover", !Equals(wanted.Discover, before.Discover)), ("dial-any", (wanted.DialPolicy == DialPolicy.Anywhere) != (before.DialPolicy == DialPolicy.Anywhere)),
        ];
        var around = before.ProgramSettings.Keys.Union(wanted.ProgramSettings.Keys, StringComparer.Ordinal)
            .Where(name => before.ProgramSettings.GetValueOrDefault(name) != wanted.ProgramSettings.GetValueOrDefault(name)).Order(StringComparer.Ordinal);
        return [.. all.Where(option => option.Changed).Select(option => option.Option), .. around];
    }

    private bool IsStillKnown(PeerSpecification peer) => (peer.PeerId is { } id && book.Snapshot.Find(id) is not null)
        || (peer.Alias is { } alias && book.Snapshot.FindByAlias(alias) is not null) || (peer.Address is { } address && book.Snapshot.FindByAddress(address) is not null);

    private static bool IsSame(PeerSpecification one, PeerSpecification other) =>
        (one.Alias is not null && one.Alias == other.Alias) || (one.PeerId is not null && one.PeerId == other.PeerId) || (one.Address is not null && one.Address == other.Address);

    private static string Call(PeerSpecification peer) => peer.Alias ?? peer.PeerId?.ToString() ?? peer.Address.ToString()!;

    private static NodeRequestException Wrong(string message) =>
        new(StatusCode.FailedPrecondition, "OPTIONS_INVALID", $"Nothing was changed. {message}");
}

using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Wire;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Whom to reach.</summary>
/// <param name="Label">As the owner calls it.</param>
/// <param name="PeerId">Who must answer; null: whoever does.</param>
/// <param name="Addresses">Where.</param>
/// <param name="LastError">What the node itself met last; empty if nothing.</param>
internal sealed record ProbedPeer(string Label, PeerId? PeerId, IReadOnlyList<PeerAddress> Addresses, string LastError);

/// <summary>Dials peers once, as far as TLS shows who answers, and says what is wrong. Some at a time, and within a time for all of them.</summary>
internal sealed class PeerProbe(PeerDialer dialer, TimeProvider time)
{
    private const int AtOnce = 16;

    /// <summary>Peers that are dialled: of more, those that are not would not be answered for in time.</summary>
    private const int Most = 200;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(8);

    public async Task RunAsync(IReadOnlyList<ProbedPeer> peers, Findings findings, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = CancellationToken.None };
        await Parallel.ForEachAsync(peers.Take(Most), options, async (peer, _) => await RunAsync(peer, findings, either.Token).ConfigureAwait(false)).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        if (peers.Count > Most)
            findings.Warn("peer", $"{peers.Count - Most} more peers are not linked, and were not dialled for this.", "See 'p2pgrpc peers list'.");
    }

    private async Task RunAsync(ProbedPeer peer, Findings findings, CancellationToken cancellationToken)
    {
        if (peer.Addresses.Count == 0)
        {
            findings.Warn("peer", $"{peer.Label} is not linked, and this node has no address of it: it has to dial.", "If it should be dialled from here: p2pgrpc peers add ALIAS=ID@HOST:PORT");
            return;
        }

        var errors = new List<string>();
        var advice = "";
        foreach (var address in peer.Addresses)
        {
            var (error, said) = await TryAsync(peer, address, cancellationToken).ConfigureAwait(false);
            if (error.Length == 0)
            {
                if (peer.LastError.Length > 0)
                    findings.Warn("peer", $"{peer.Label} answers at {address}, but no link is up.", peer.LastError);
                else
                    findings.Ok("peer", $"{peer.Label} answers at {address}.");
                return;
            }

            errors.Add(error);
            advice = said;
        }

        findings.Fail("peer", $"{peer.Label} can't be reached: {string.Join("; ", errors)}.", advice);
    }

    private async Task<(string Error, string Advice)> TryAsync(ProbedPeer peer, PeerAddress address, CancellationToken cancellationToken)
    {
        try
        {
            var connection = await dialer.DialAsync(address.Host, address.Port, peer.PeerId, cancellationToken).ConfigureAwait(false);
            await connection.DisposeAsync().ConfigureAwait(false);
            return ("", "");
        }
        catch (DialException failed)
        {
            // One that hangs up on this node has shown who it is all the same.
            if (failed.Kind == DialFailure.Refused && failed.Found is not null && (peer.PeerId is null || failed.Found == peer.PeerId))
                return ("", "");
            return (failed.Message.TrimEnd('.'), Advise(failed.Kind, peer));
        }
        catch (OperationCanceledException)
        {
            return ($"{address} did not answer within {Limit.TotalSeconds:0} s", Advise(DialFailure.Timeout, peer));
        }
    }

    private static string Advise(DialFailure kind, ProbedPeer peer) => kind switch
    {
        DialFailure.IdentityMismatch => $"Ask its owner. If its identity really changed: p2pgrpc peers remove {peer.Label}, then add it again.",
        DialFailure.NotAPeer => "Something else listens there: give the port for peers (5555 by default), not the one for clients.",
        DialFailure.Timeout => "See whether a firewall is in between, and whether its node runs.",
        _ => "See whether its node runs, listens there, and lets this machine through; or give its new address: p2pgrpc peers add",
    };
}

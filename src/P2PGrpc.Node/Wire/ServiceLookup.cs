using System.Net;
using DnsClient;

namespace P2PGrpc.Node.Wire;

/// <summary>Finds where a service is by its SRV records (RFC 2782). Answers are kept for as long as they say, within bounds. Thread-safe.</summary>
/// <param name="server">Whom to ask; null for those of this machine.</param>
internal sealed class ServiceLookup(IPEndPoint? server = null)
{
    /// <summary>Places of one service: each is dialled in turn, within one round of redialling.</summary>
    public const int Places = 16;

    /// <summary>How long one question may take: it is asked twice, and the dial comes after it.</summary>
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>The longest that an answer is believed, whatever it says: a node that has moved is to be found soon.</summary>
    private static readonly TimeSpan LongestKept = TimeSpan.FromMinutes(5);

    // Made when it is first needed: it asks the system for its name servers.
    private readonly Lazy<LookupClient> client = new(() => Create(server));

    /// <summary>The places of a service, those to be tried first before the others: by priority, then the greater weight first.</summary>
    /// <param name="name">As _service._tcp.domain.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DialException">There is none, or nobody answers.</exception>
    public async Task<IReadOnlyList<DnsEndPoint>> FindAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await client.Value.QueryAsync(name, QueryType.SRV, QueryClass.IN, cancellationToken).ConfigureAwait(false);
            var places = answer.Answers.SrvRecords()
                .Where(record => record.Port != 0 && record.Target.Value.Length > 1)
                .OrderBy(record => record.Priority).ThenByDescending(record => record.Weight)
                .Take(Places)
                .Select(record => new DnsEndPoint(record.Target.Value.TrimEnd('.'), record.Port))
                .ToList();
            return places.Count > 0
                ? places
                : throw new DialException(DialFailure.Unreachable, $"srv:{name}: {(answer.HasError ? answer.ErrorMessage : "the domain names no place for it")}", null);
        }
        catch (DnsResponseException failed)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new DialException(DialFailure.Unreachable, $"srv:{name}: {failed.DnsError}", null, failed);
        }
        catch (Exception failed) when (failed is InvalidOperationException or ArgumentException or IOException)
        {
            throw new DialException(DialFailure.Unreachable, $"srv:{name}: it can't be looked up: {failed.Message}", null, failed);
        }
    }

    private static LookupClient Create(IPEndPoint? server)
    {
        var options = server is null ? new LookupClientOptions() : new LookupClientOptions(server);
        options.Timeout = Timeout;
        options.Retries = 1;
        options.MaximumCacheTimeout = LongestKept;
        options.ThrowDnsErrors = false;
        return new LookupClient(options);
    }
}

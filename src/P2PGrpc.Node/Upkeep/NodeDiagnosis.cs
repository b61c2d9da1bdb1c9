using System.Net;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using P2PGrpc.Core.Identity;
using P2PGrpc.Node.Files;
using P2PGrpc.Node.Identity;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Telemetry;
using P2PGrpc.Node.Wire;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Upkeep;

/// <summary>Looks for what would keep a node from starting or from reaching its peers, while it does not run. Changes nothing.</summary>
internal static class NodeDiagnosis
{
    private const int VerifiedSegments = 64;

    /// <param name="dataDirectory">The node's.</param>
    /// <param name="ports">Where it shall listen, by the options that say so: listen, api, web and so on.</param>
    /// <param name="peers">Those that its options name, besides those that it knows.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>What was found, in the order of the checks. Takes 10 seconds at most.</returns>
    public static async Task<IReadOnlyList<Finding>> RunAsync(
        string dataDirectory, IReadOnlyList<KeyValuePair<string, IPEndPoint>> ports, IEnumerable<string> peers, TimeProvider time, CancellationToken cancellationToken)
    {
        var findings = new Findings();
        if (!Directory.Exists(dataDirectory))
        {
            findings.Warn("files", $"There is no data directory {dataDirectory}.", "The first start makes it, and a new identity in it. If there should be one, name it by --data.");
        }
        else
        {
            MachineChecks.CheckModes(dataDirectory, findings);
            MachineChecks.CheckDisk(dataDirectory, findings);
        }

        using var identity = LoadIdentity(dataDirectory, findings);
        var known = ReadDatabase(Path.Combine(dataDirectory, DataFiles.Database), findings);
        MachineChecks.CheckClock(time.GetUtcNow(), [], findings);
        PortChecks.Check(ports, findings);
        MachineChecks.CheckDescriptors(findings);
        if (identity is not null)
            await ProbeAsync(identity, Gather(known, peers, findings), time, findings, cancellationToken).ConfigureAwait(false);
        return findings.All;
    }

    private static IdentityKey? LoadIdentity(string dataDirectory, Findings findings)
    {
        var path = Path.Combine(dataDirectory, DataFiles.Key);
        if (!File.Exists(path))
        {
            if (File.Exists(Path.Combine(dataDirectory, DataFiles.Database)))
                findings.Fail("key", $"There is a database, but no key {path}.", "Put back the key: identity.key, or by 'p2pgrpc key import' what 'key export' has written.");
            return null;
        }

        try
        {
            DataDirectoryCheck.Examine(Path.GetFullPath(dataDirectory));
            var identity = IdentityFile.LoadOrCreate(path);
            findings.Ok("key", $"This node is {identity.PeerId}.");
            return identity;
        }
        catch (NodeStartException fault)
        {
            findings.Fail("key", fault.Message, "");
            return null;
        }
    }

    private static IReadOnlyList<PeerRecord> ReadDatabase(string path, Findings findings)
    {
        if (!File.Exists(path))
            return [];
        try
        {
            using var connection = StoreConnection.OpenReader(path);
            var version = connection.ReadScalar("PRAGMA user_version") as long? ?? 0;
            if (version is 0 or > Schema.Version)
            {
                findings.Fail("database", $"Its version is {version}, and this program knows 1 to {Schema.Version}.", "Use the version of the program that wrote it.");
                return [];
            }

            FeedReader.Verify(connection, VerifiedSegments, ulong.MaxValue >> 1, static _ => { });
            findings.Ok("database", $"It opens, and its end is whole: {LogTable.ReadLastPosition(connection)} messages. All of it is looked at by 'p2pgrpc verify'.");
            return PeerTable.Load(connection.Sqlite);
        }
        catch (Exception fault) when (fault is SqliteException or IOException)
        {
            findings.Fail("database", fault.Message, "Look at all of it by 'p2pgrpc verify'. A segment that is damaged is fetched again from peers; a database that does not open needs a backup.");
            return [];
        }
    }

    private static List<ProbedPeer> Gather(IReadOnlyList<PeerRecord> known, IEnumerable<string> peers, Findings findings)
    {
        var probed = known.Where(record => record.Admission != Admission.Blocked)
            .Select(record => new ProbedPeer(record.Label, record.PeerId, record.Addresses, "")).ToList();
        foreach (var text in peers)
            if (PeerSpecification.Parse(text, out var fault) is not { } peer)
                findings.Fail("options", fault, "");
            else if (peer.Address is { } address && !probed.Any(other => other.Addresses.Contains(address)))
                probed.Add(new ProbedPeer(peer.Alias ?? text, peer.PeerId, [address], ""));
        return probed;
    }

    private static async Task ProbeAsync(
        IdentityKey identity, IReadOnlyList<ProbedPeer> peers, TimeProvider time, Findings findings, CancellationToken cancellationToken)
    {
        using var certificate = NodeCertificate.Create(identity);
        var dialer = new PeerDialer(certificate, new WireLimits(), time, NullLoggerFactory.Instance);
        await new PeerProbe(dialer, time).RunAsync(peers, findings, cancellationToken).ConfigureAwait(false);
    }
}

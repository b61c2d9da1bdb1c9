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
        dataDirectory = Path.GetFullPath(dataDirectory);
        var isUsable = CheckDirectory(dataDirectory, findings);
        if (isUsable)
            CheckToken(Path.Combine(dataDirectory, DataFiles.Token), findings);
        using var identity = isUsable ? LoadIdentity(dataDirectory, findings) : null;
        var held = HasDatabase(dataDirectory, isUsable, findings) ? ReadDatabase(dataDirectory, identity?.PeerId, isUsable, findings) : StoppedDatabase.Nothing;
        MachineChecks.CheckClock(time.GetUtcNow(), held.Stamps, findings);
        PortChecks.Check(ports, findings);
        MachineChecks.CheckDescriptors(findings);
        // A process that hangs may still have links up, and is looked at again once it is ended.
        if (identity is not null && !NodeFiles.IsInUse(dataDirectory))
            await ProbeAsync(identity, Gather(held.Peers, peers, findings), time, findings, cancellationToken).ConfigureAwait(false);
        return findings.All;
    }

    /// <summary>Looks at the directory as a start does, before anything in it is opened.</summary>
    /// <returns>False if a start ends here.</returns>
    private static bool CheckDirectory(string dataDirectory, Findings findings)
    {
        var isThere = Directory.Exists(dataDirectory);
        if (isThere)
        {
            MachineChecks.CheckModes(dataDirectory, findings);
            MachineChecks.CheckOwners(dataDirectory, findings);
            MachineChecks.CheckDisk(dataDirectory, findings);
        }

        try
        {
            DataDirectoryCheck.Examine(dataDirectory);
        }
        catch (NodeStartException fault)
        {
            findings.Fail("files", fault.Message, "");
            return false;
        }

        if (!isThere)
            findings.Warn("files", $"There is no data directory {dataDirectory}.", "The first start makes it, and a new identity in it. If there should be one, name it by --data.");
        return true;
    }

    private static void CheckToken(string path, Findings findings)
    {
        try
        {
            if (File.Exists(path))
                TokenFile.Check(path);
        }
        catch (NodeStartException fault)
        {
            findings.Fail("files", fault.Message, "");
        }
    }

    private static IdentityKey? LoadIdentity(string dataDirectory, Findings findings)
    {
        var path = Path.Combine(dataDirectory, DataFiles.Key);
        if (!File.Exists(path))
            return null;
        try
        {
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

    /// <summary>Looks whether key and database are both there, as a start does.</summary>
    /// <returns>False if there is no database to be looked at.</returns>
    private static bool HasDatabase(string dataDirectory, bool isUsable, Findings findings)
    {
        var path = Path.Combine(dataDirectory, DataFiles.Database);
        var isThere = new FileInfo(path) is { Exists: true, Length: > 0 } && ReadAccess.FindBarrier(path) is null;
        try
        {
            if (isUsable && DataDirectory.FindKeyWithoutDatabase(dataDirectory))
                WarnOfEmptyStart($"There is a key, but no database {path}, or one of no bytes.", findings);
            return isThere;
        }
        catch (NodeStartException fault)
        {
            findings.Fail(isThere ? "key" : "database", fault.Message, "");
            return isThere;
        }
    }

    private static void WarnOfEmptyStart(string state, Findings findings) => findings.Warn(
        "database", $"{state} A start begins empty.", "If this node has run before, put a copy of the database back first; or leave it: peers send again what they hold.");

    private static StoppedDatabase ReadDatabase(string dataDirectory, PeerId? self, bool isUsable, Findings findings)
    {
        var (path, key) = (Path.Combine(dataDirectory, DataFiles.Database), Path.Combine(dataDirectory, DataFiles.Key));
        try
        {
            using var connection = StoreConnection.OpenReader(path);
            if (!CheckVersion(connection, findings))
                return StoppedDatabase.Nothing;
            if (self is { } own && DatabaseOwner.FindFault(connection, own, path, key) is { } another)
                findings.Fail("key", another, "");
            var database = StoppedDatabase.Read(connection, self);
            if (database.Damage is null)
                findings.Ok("database", $"It opens, and its end is whole: {LogTable.ReadLastPosition(connection)} messages. All of it is looked at by 'p2pgrpc verify'.");
            else
                findings.Fail("database", database.Damage, "Look at all of it by 'p2pgrpc verify'. A segment that is damaged is fetched again from peers.");
            return database;
        }
        catch (SqliteException unreadable) when (isUsable)
        {
            findings.Fail("database", unreadable.Message, "Look at all of it by 'p2pgrpc verify'. A database that does not open needs a backup, or is moved away with its -wal file: peers send again what they hold.");
        }
        catch (SqliteException unreadable)
        {
            findings.Warn("database", $"It can't be looked at as things are: {unreadable.Message}", "");
        }

        return StoppedDatabase.Nothing;
    }

    private static bool CheckVersion(StoreConnection connection, Findings findings)
    {
        var version = connection.ReadScalar("PRAGMA user_version") as long? ?? 0;
        if (version > Schema.Version)
            findings.Fail("database", $"Its version is {version}, and this program knows 1 to {Schema.Version}.", "Use the version of the program that wrote it.");
        else if (version == 0 && connection.ReadScalar("SELECT count(*) FROM sqlite_schema") is not 0L)
            findings.Fail("database", "It holds tables of another program.", "Move it away, or use another directory.");
        else if (version == 0)
            WarnOfEmptyStart("The database holds nothing yet.", findings);
        return version is > 0 and <= Schema.Version;
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

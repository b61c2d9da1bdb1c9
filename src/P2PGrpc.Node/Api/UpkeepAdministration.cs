using Grpc.Core;
using P2PGrpc.Node.Conversations;
using P2PGrpc.Node.Links;
using P2PGrpc.Node.Logs;
using P2PGrpc.Node.Peers;
using P2PGrpc.Node.Upkeep;
using P2PGrpc.Protocol;

namespace P2PGrpc.Node.Api;

/// <summary>What whoever keeps a node running does with it. Thread-safe.</summary>
/// <param name="Backups">Copies of the database.</param>
/// <param name="Explanation">Where a message is.</param>
/// <param name="Draining">Taking no more messages.</param>
/// <param name="Diagnosis">What is wrong.</param>
/// <param name="Glance">What 'status' shows.</param>
/// <param name="Reload">Reads the options anew and applies them; null where the program has no options to read.</param>
internal sealed record UpkeepAdministration(
    BackupAdministration Backups, MessageExplanation Explanation, Draining Draining, RunningDiagnosis Diagnosis, UpkeepGlance Glance,
    Func<CancellationToken, Task<ReloadResponse>>? Reload)
{
    /// <exception cref="NodeRequestException">FAILED_PRECONDITION: there is nothing to read, or what was read is wrong; nothing has changed.</exception>
    public Task<ReloadResponse> ReloadAsync(CancellationToken cancellationToken) => Reload is { } reload
        ? reload(cancellationToken)
        : throw new NodeRequestException(
            StatusCode.FailedPrecondition, "RELOAD_NOT_HERE", "This node is part of another program, which gives it its options. Change them there, by INode.ReloadAsync, or restart it.");
}

/// <summary>The part of a node's description that shows how it fares. Thread-safe.</summary>
internal sealed class UpkeepGlance(OldestUndelivered oldest, PeerBook book, LinkTable links, Diallers diallers, DrainGate gate, string dataDirectory)
{
    public void Add(GetNodeResponse node)
    {
        var standing = PeerStanding.Count(book, links, diallers);
        (node.Peers, node.PeersDialling, node.PeersDown) = ((uint)standing.All, (uint)standing.Dialling, (uint)standing.Down);
        try
        {
            if (node.Undelivered > 0 && oldest.FindAge() is { } age)
                node.OldestUndeliveredMs = (ulong)age.TotalMilliseconds;
        }
        catch (StoreException)
        {
            // Who asks how a node with a damaged database fares shall get an answer; 'doctor' says what is damaged.
        }

        node.Draining = gate.IsClosed;
        try
        {
            var use = DiskUse.Read(dataDirectory);
            (node.DatabaseBytes, node.FreeBytes, node.ReserveHeld) = ((ulong)use.DatabaseBytes, (ulong)use.FreeBytes, use.ReserveHeld);
        }
        catch (IOException)
        {
            // A disk that can't be asked shows in the store's own health.
        }
    }
}

using P2PGrpc.Node.Hosting;
using P2PGrpc.Protocol;

namespace P2PGrpc.Cli.Run;

/// <summary>What systemd is told of a node from its start to its end: that it serves, how it is, and, as long as it does its work, that it lives. A node that
/// hangs or has failed is not spoken for: systemd then ends it and starts it again.</summary>
internal sealed class ServiceReport(SystemdNotifier notifier, Func<CancellationToken, Task<string?>> findFault, Func<string> describe, TimeProvider time)
{
    /// <summary>How often the status is renewed where there is no watchdog that asks for more.</summary>
    private static readonly TimeSpan StatusPeriod = TimeSpan.FromSeconds(30);

    public static ServiceReport Of(INode node, NodeHealth health, SystemdNotifier notifier, TimeProvider time) =>
        new(notifier, health.FindFaultAsync, () => Describe(node), time);

    /// <summary>Tells that the node serves.</summary>
    public void Begin() => notifier.Send(SystemdNotifier.Ready, SystemdNotifier.Status(describe()));

    /// <summary>Tells that it has been told to stop. A reload is not told: whoever asks for one waits for its end.</summary>
    public void End() => notifier.Send(SystemdNotifier.Stopping, SystemdNotifier.Status("Stopping"));

    /// <summary>Goes on telling until cancelled, which ends it without an exception.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        if (!notifier.IsWatched)
            return;
        // At half the time a sign that comes late is still in time.
        using var timer = new PeriodicTimer(notifier.WatchdogTime / 2 ?? StatusPeriod, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
                if (await findFault(cancellationToken) is { } fault)
                    notifier.Send(SystemdNotifier.Status(fault));
                else
                    notifier.Send(SystemdNotifier.Watchdog, SystemdNotifier.Status(describe()));
        }
        catch (OperationCanceledException)
        {
            // The regular end.
        }
    }

    private static string Describe(INode node)
    {
        var peers = node.ListPeers().Where(peer => !peer.ThisNode && peer.Admission is Admission.Known or Admission.Unpinned).ToList();
        var waiting = peers.Aggregate(0UL, (sum, peer) => sum + peer.Undelivered);
        return $"{peers.Count(peer => peer.Link == LinkState.Up)} of {peers.Count} peers linked, {waiting} messages wait for them";
    }
}

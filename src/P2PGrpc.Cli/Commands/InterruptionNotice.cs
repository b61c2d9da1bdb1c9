using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary>Says on stderr that the node is gone: once for each while that it is.</summary>
internal sealed class InterruptionNotice(Surroundings surroundings)
{
    // Attempts of one outage follow each other within a few seconds.
    private static readonly TimeSpan SameOutage = TimeSpan.FromSeconds(10);

    private long? last;

    public void Show(P2PGrpcException fault)
    {
        var known = last is { } before && surroundings.Time.GetElapsedTime(before) < SameOutage;
        last = surroundings.Time.GetTimestamp();
        if (!known)
            Failures.Report(surroundings, $"{fault.Message} Waiting for the node.", ExitCodes.Unreachable);
    }
}

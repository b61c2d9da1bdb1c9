using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary>How far a named consumer has read, told to the node. A node whose disk is full can't keep it: reading goes on, and
/// it is told again with a later message, and at the end.</summary>
internal sealed class ConsumerPlace(P2PGrpcClient client, string consumer, Surroundings surroundings)
{
    // A last acknowledgement on the way out must not hold up the exit.
    private static readonly TimeSpan LastAcknowledgement = TimeSpan.FromSeconds(2);

    // A halted store is asked for some seconds each time, which nobody should have to wait for with each message.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private FeedCursor unkept;
    private P2PGrpcException? fault;
    private long failedAt;

    /// <summary>Everything through this place was written.</summary>
    public async Task AdvanceAsync(FeedCursor place, CancellationToken cancellationToken)
    {
        unkept = place;
        if (fault is not null && !cancellationToken.IsCancellationRequested && surroundings.Time.GetElapsedTime(failedAt) < Pause)
            return;
        var told = fault is not null;
        await TryKeepAsync(cancellationToken);
        if (fault is not null && !told)
            Failures.Report(surroundings, $"{fault.Message} What is shown meanwhile is shown again the next time.", ExitCodes.Refused);
    }

    /// <summary>All was read: what the node could not keep is told once more.</summary>
    /// <returns>The exit code, which tells that it still can't. The sentence was written already.</returns>
    public async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        if (fault is not null)
            await TryKeepAsync(cancellationToken);
        return fault is null ? ExitCodes.Success : Failures.FindExitCode(fault);
    }

    /// <summary>Reading ends for another reason, which is to be told and not this one: what the node could not keep is told once more, and that is all.</summary>
    public async Task LeaveAsync()
    {
        if (fault is null)
            return;
        using var limit = new CancellationTokenSource(LastAcknowledgement);
        try
        {
            await TryKeepAsync(limit.Token);
        }
        catch (Exception failed) when (failed is P2PGrpcException or OperationCanceledException)
        {
            // It is shown again the next time, as was said.
        }
    }

    private async Task TryKeepAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(LastAcknowledgement);
        try
        {
            await client.AcknowledgeAsync(consumer, unkept, cancellationToken.IsCancellationRequested ? limit.Token : cancellationToken);
            fault = null;
        }
        catch (P2PGrpcException failed) when (failed.Reason is "STORE_FULL" or "STORE_HALTED")
        {
            (fault, failedAt) = (failed, surroundings.Time.GetTimestamp());
        }
    }
}

using Grpc.Core;
using P2PGrpc.Client;

namespace P2PGrpc.Cli.Commands;

/// <summary>How far a named consumer has read, told to the node. Where the node can't keep it, because its disk is full or because it is gone for a while,
/// reading goes on, and it is told again with a later message, and at the end.</summary>
internal sealed class ConsumerPlace(P2PGrpcClient client, string consumer, Surroundings surroundings)
{
    // A last acknowledgement on the way out must not hold up the exit.
    private static readonly TimeSpan LastAcknowledgement = TimeSpan.FromSeconds(2);

    // A halted store is asked for some seconds each time, which nobody should have to wait for with each message.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private FeedCursor? unkept;
    private P2PGrpcException? fault;
    private long failedAt;
    private bool told;

    /// <summary>Everything through this place was written.</summary>
    /// <exception cref="P2PGrpcException">The node refuses to keep any place of this consumer.</exception>
    public async Task AdvanceAsync(FeedCursor place, CancellationToken cancellationToken)
    {
        unkept = place;
        if (IsOfStore(fault) && !cancellationToken.IsCancellationRequested && surroundings.Time.GetElapsedTime(failedAt) < Pause)
            return;
        await TryKeepAsync(cancellationToken);
        // That the node is gone is told by whoever reads from it and waits for it.
        if (IsOfStore(fault))
            Tell();
    }

    /// <summary>All was read: what the node could not keep is told once more.</summary>
    /// <returns>The exit code, which tells that it still can't. The sentence was written.</returns>
    public async Task<int> EndAsync(CancellationToken cancellationToken)
    {
        if (unkept is not null)
            await TryKeepAsync(cancellationToken);
        if (fault is null)
            return ExitCodes.Success;
        Tell();
        return Failures.FindExitCode(fault);
    }

    /// <summary>Reading ends for another reason, which is to be told and not this one: what the node could not keep is told once more, and that is all.</summary>
    public async Task LeaveAsync()
    {
        if (unkept is null)
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
        if (unkept is not { } place)
            return;
        using var limit = new CancellationTokenSource(LastAcknowledgement);
        try
        {
            await client.AcknowledgeAsync(consumer, place, cancellationToken.IsCancellationRequested ? limit.Token : cancellationToken);
            (unkept, fault, told) = (null, null, false);
        }
        catch (P2PGrpcException failed) when (IsOfStore(failed) || IsOfConnection(failed))
        {
            (fault, failedAt) = (failed, surroundings.Time.GetTimestamp());
        }
    }

    private void Tell()
    {
        if (!told && fault is not null)
            Failures.Report(surroundings, $"{fault.Message} What is shown meanwhile is shown again the next time.", Failures.FindExitCode(fault));
        told = true;
    }

    private static bool IsOfStore(P2PGrpcException? fault) => fault?.Reason is "STORE_FULL" or "STORE_HALTED";

    // A node that stops cancels what it has not answered; one that hangs does not answer in time.
    private static bool IsOfConnection(P2PGrpcException fault) =>
        fault.StatusCode is StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled;
}

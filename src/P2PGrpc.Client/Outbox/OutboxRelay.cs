using System.Data.Common;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>Hands the messages of an outbox to the node while the host runs, in order, and deletes them once they are accepted.</summary>
internal sealed class OutboxRelay(
    P2PGrpcClient client, MessageOutbox outbox, OutboxTable table, OutboxDialect dialect, IServiceScopeFactory scopes, Func<IServiceProvider, DbConnection> connect,
    OutboxOptions options, TimeProvider time, ILogger logger) : BackgroundService
{
    /// <summary>When the table is looked at first after something was added: most transactions are committed by then. Each further look waits twice as long.</summary>
    public static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(20);

    private readonly RefusedRecipients refused = new(time);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var looks = new GrowingDelay(FirstLook, options.PollInterval);
        var failures = new GrowingDelay(ClientLimits.LongestDelay, ClientLimits.LongestRefusal);
        var created = !options.CreateTable;
        while (true)
        {
            try
            {
                if (!created)
                    await CreateTableAsync(stoppingToken);
                created = true;
                var count = await SendBatchAsync(stoppingToken);
                failures.Reset();
                if (count > 0)
                    looks.Reset();
                else if (await WaitAsync(looks.Next(), stoppingToken))
                    looks.Reset();
            }
            catch (Exception fault) when (!stoppingToken.IsCancellationRequested)
            {
                var pause = failures.Next();
                OutboxLog.Paused(logger, options.Table, pause, fault.Message);
                await Task.Delay(pause, time, stoppingToken);
            }
        }
    }

    private async Task CreateTableAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await using var connection = connect(scope.ServiceProvider);
        await connection.OpenAsync(cancellationToken);
        await table.CreateAsync(connection, cancellationToken);
    }

    // True: something was added.
    private async Task<bool> WaitAsync(TimeSpan most, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(most, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            return await outbox.Added.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>How many messages were dealt with.</summary>
    private async Task<int> SendBatchAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        await using var connection = connect(scope.ServiceProvider);
        await connection.OpenAsync(cancellationToken);
        // Where several processes send from one table, a lock that lives in a transaction lets one of them. Elsewhere no transaction stays open while messages are
        // sent: it would keep others from writing.
        await using var transaction = dialect == OutboxDialect.PostgreSql ? await connection.BeginTransactionAsync(cancellationToken) : null;
        if (transaction is not null && !await table.TryLockAsync(connection, transaction, cancellationToken))
            return 0;
        var rows = await table.ReadAsync(connection, transaction, refused.List(), options.BatchSize, cancellationToken);
        var accepted = new List<long>();
        var dealtWith = 0;
        // Who is refused stays so to the end of the batch, however long that takes: what was written first goes first.
        var passedOver = rows.Select(row => row.To).Where(refused.Contains).ToHashSet(StringComparer.Ordinal);
        try
        {
            foreach (var row in rows.Where(row => !passedOver.Contains(row.To)))
                if (await SendAsync(connection, transaction, row, accepted, cancellationToken))
                    dealtWith++;
                else
                    passedOver.Add(row.To);
        }
        finally
        {
            // Not given up by a host that stops: what is on the node's disk need not be sent again.
            await table.DeleteAsync(connection, transaction, accepted, CancellationToken.None);
            if (transaction is not null)
                await transaction.CommitAsync(CancellationToken.None);
        }
        return dealtWith;
    }

    // False: the recipient is refused, and the message waits.
    private async Task<bool> SendAsync(
        DbConnection connection, DbTransaction? transaction, OutboxRow row, List<long> accepted, CancellationToken cancellationToken)
    {
        if (row.Message is null)
            return await RefuseAsync(row.Fault);
        try
        {
            await client.SendAsync(row.To, row.Message, cancellationToken: cancellationToken);
            refused.Remove(row.To);
            accepted.Add(row.Sequence);
            return true;
        }
        catch (P2PGrpcException fault) when (IsOfMessage(fault))
        {
            return await RefuseAsync(fault.Message);
        }
        catch (P2PGrpcException fault) when (IsOfRecipient(fault) || MayBeOfMessage(fault))
        {
            if (MayBeOfMessage(fault) && refused.CountFailure(row.To, row.Sequence) >= ClientLimits.OutboxFailures)
            {
                // What follows it to the same recipient need not wait any longer.
                refused.Remove(row.To);
                return await RefuseAsync(fault.Message);
            }

            var pause = refused.Add(row.To);
            OutboxLog.RecipientRefused(logger, row.To, options.Table, pause, fault.Message);
            await table.NoteAsync(connection, transaction, row.Sequence, fault.Message, refused: false, cancellationToken);
            return false;
        }

        async Task<bool> RefuseAsync(string why)
        {
            OutboxLog.MessageRefused(logger, row.Sequence, options.Table, row.To, why);
            await table.NoteAsync(connection, transaction, row.Sequence, why, refused: true, cancellationToken);
            return true;
        }
    }

    // The same message can't succeed later.
    private static bool IsOfMessage(P2PGrpcException fault) => fault.StatusCode is StatusCode.InvalidArgument or StatusCode.AlreadyExists;

    // Others may be sent to meanwhile: the peer is unknown, blocked, or has never been met, or is one more than the node can know.
    private static bool IsOfRecipient(P2PGrpcException fault) =>
        fault.StatusCode is StatusCode.NotFound or StatusCode.FailedPrecondition or StatusCode.PermissionDenied || fault.Reason is "PEER_NOT_IDENTIFIED" or "PEER_BOOK_FULL";

    // A bug that one message meets and others need not, or what is too large for gRPC, which gives no reason. Its recipient waits for as long as it is not clear.
    private static bool MayBeOfMessage(P2PGrpcException fault) =>
        fault.StatusCode is StatusCode.Internal or StatusCode.Unknown or StatusCode.DataLoss || fault is { StatusCode: StatusCode.ResourceExhausted, Reason: "" };
}

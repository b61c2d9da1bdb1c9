using System.Diagnostics;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>Runs the handlers of a message, each until it succeeds or counts as failed. Thread-safe.</summary>
internal sealed class HandlerRunner(
    P2PGrpcClient client, IReadOnlyList<HandlerRegistration> handlers, MessageHandlingOptions options, IServiceScopeFactory scopes, TimeProvider time,
    DeadLetterWriter deadLetters, ILogger logger)
{
    /// <summary>When this returns, the message may be acknowledged: each handler has returned, or its dead letter is on disk.</summary>
    public async Task HandleAsync(ReceivedMessage message, CancellationToken cancellationToken)
    {
        if (!IsForHandlers(message))
            return;
        using var span = MessageActivities.StartProcess(message, time);
        var startedAt = time.GetTimestamp();
        Exception? fault = null;
        foreach (var handler in handlers)
        {
            if (await TryAsync(handler, message, cancellationToken) is not { } failure)
                continue;
            fault = failure.Error;
            span?.SetStatus(ActivityStatusCode.Error, fault.Message);
            await deadLetters.WriteAsync(message, failure, cancellationToken);
            if (handler.GiveUpAsync is not null)
                await GiveUpAsync(handler.GiveUpAsync, message, cancellationToken);
        }

        MessageActivities.RecordProcessed(time.GetElapsedTime(startedAt), fault);
    }

    /// <summary>Runs a handler once, in a scope of its own, if it wants the message.</summary>
    public async Task RunOnceAsync(HandlerRegistration handler, ReceivedMessage message, int attempt, CancellationToken cancellationToken)
    {
        if (!handler.Accepts(message))
            return;
        await using var scope = scopes.CreateAsyncScope();
        await handler.HandleAsync(new MessageContext(client, message, scope.ServiceProvider, attempt), cancellationToken);
    }

    // Dead letters of others, in a room that several nodes share, are copies of messages and would be taken for them.
    private bool IsForHandlers(ReceivedMessage message) =>
        !MessageHeaders.OfDeadLetterRooms.Any(message.Headers.ContainsKey)
        && (options.IncludeReplies || !message.Headers.ContainsKey(MessageHeaders.InReplyTo));

    // Null: handled, or not wanted.
    private async Task<HandlerFailure?> TryAsync(HandlerRegistration handler, ReceivedMessage message, CancellationToken cancellationToken)
    {
        var delay = new GrowingDelay(options.FirstRetryDelay, options.LongestRetryDelay);
        var counted = 0;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await RunOnceAsync(handler, message, attempt, cancellationToken);
                return null;
            }
            catch (Exception fault)
            {
                // Whatever a handler throws while the host stops, its message comes again after the next start.
                cancellationToken.ThrowIfCancellationRequested();
                // A node that is away or takes nothing now is not the message's fault, and could not take a dead letter either.
                if (fault is not P2PGrpcException { StatusCode: StatusCode.Unavailable or StatusCode.ResourceExhausted })
                    counted++;
                if (counted >= options.MaxAttempts || fault is MessageFormatException)
                    return new HandlerFailure(handler, attempt, fault);
                var pause = delay.Next();
                HandlerLog.AttemptFailed(logger, fault, handler.Name, message.Reference, attempt, pause);
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    private async Task GiveUpAsync(
        Func<P2PGrpcClient, ReceivedMessage, CancellationToken, Task> giveUpAsync, ReceivedMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await giveUpAsync(client, message, cancellationToken);
        }
        catch (P2PGrpcException fault)
        {
            // The requester learns of it by its time limit.
            HandlerLog.ErrorReplyFailed(logger, message.Reference, fault.Message);
        }
    }
}

using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>Runs the handlers of a message, each until it succeeds or counts as failed. Thread-safe.</summary>
internal sealed class HandlerRunner(
    P2PGrpcClient client, IReadOnlyList<HandlerRegistration> handlers, MessageHandlingOptions options, IServiceScopeFactory scopes, HandlingsUnderWay handlings,
    TimeProvider time, DeadLetterWriter deadLetters, ILogger logger)
{
    /// <summary>When this returns, the message may be acknowledged: each handler has returned, or its dead letter is on disk.</summary>
    public async Task HandleAsync(ReceivedMessage message, CancellationToken cancellationToken)
    {
        if (!IsForHandlers(message))
            return;
        using var operation = new ProcessOperation(message, time);
        foreach (var handler in handlers)
        {
            var accepts = Ask(handler, message);
            if (accepts == false)
                continue;
            if (handler.AnswersRequests && RequestExtensions.IsExpired(message, time.GetUtcNow()))
            {
                HandlerLog.RequestExpired(logger, message.Reference, handler.Name);
                continue;
            }

            operation.Begin();
            if (await TryAsync(handler, message, accepts == true, cancellationToken) is not { } failure)
                continue;
            operation.Fail(failure.Error);
            await deadLetters.WriteAsync(message, failure, cancellationToken);
            if (handler.GiveUpAsync is not null)
                await GiveUpAsync(handler.GiveUpAsync, message, cancellationToken);
        }

        operation.Complete();
    }

    /// <summary>Runs a handler once, in a scope of its own, with a message that it accepts.</summary>
    /// <exception cref="TimeoutException">It failed after its time was over.</exception>
    public async Task RunOnceAsync(HandlerRegistration handler, ReceivedMessage message, int attempt, CancellationToken cancellationToken)
    {
        using var handling = handlings.Begin(handler.Name, message.Reference);
        using var timeout = options.HandlerTimeout is { } limit ? new CancellationTokenSource(limit, time) : null;
        using var either = timeout is null ? null : CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            await handler.HandleAsync(new MessageContext(client, message, scope.ServiceProvider, attempt), either?.Token ?? cancellationToken);
        }
        catch (Exception fault) when (timeout is { IsCancellationRequested: true } && !cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"The handler did not end within its HandlerTimeout of {options.HandlerTimeout}.", fault);
        }
    }

    // What this node writes into its room for dead letters are copies of messages, and notes on them. Whatever headers others send, theirs are messages like any other.
    private bool IsForHandlers(ReceivedMessage message) =>
        !(message.Alias == "self" && message.Room.Length > 1 && message.Room[1..] == options.DeadLetterRoom && MessageHeaders.OfDeadLetterRooms.Any(message.Headers.ContainsKey))
        && (options.IncludeReplies || !RequestExtensions.IsReply(message));

    // Null: it could not tell, which is a failure of the handler like any other.
    private static bool? Ask(HandlerRegistration handler, ReceivedMessage message)
    {
        try
        {
            return handler.Accepts(message);
        }
        catch (Exception)
        {
            return null;
        }
    }

    // Null: handled, or not wanted.
    private async Task<HandlerFailure?> TryAsync(HandlerRegistration handler, ReceivedMessage message, bool accepts, CancellationToken cancellationToken)
    {
        var delay = new GrowingDelay(options.FirstRetryDelay, options.LongestRetryDelay);
        var counted = 0;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // A condition is asked until it has told once: it may note what it has seen.
                accepts = accepts || handler.Accepts(message);
                if (accepts)
                    await RunOnceAsync(handler, message, attempt, cancellationToken);
                return null;
            }
            catch (Exception fault)
            {
                // Whatever a handler throws while the host stops, its message comes again after the next start.
                cancellationToken.ThrowIfCancellationRequested();
                if (!IsOfOwnNode(fault))
                    counted++;
                if (counted >= options.MaxAttempts || fault is MessageFormatException)
                    return new HandlerFailure(handler, attempt, fault);
                var pause = delay.Next();
                HandlerLog.AttemptFailed(logger, fault, handler.Name, message.Reference, attempt, pause);
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    // A node that is away or takes nothing now is not the message's fault, and could not take a dead letter either. That somebody else is away, or the peer book full, may
    // stay so for ever, and must not hold up the messages behind this one.
    private static bool IsOfOwnNode(Exception fault) => fault is P2PGrpcException refused && refused.Reason switch
    {
        P2PGrpcException.NodeUnreachable or "STORE_FULL" or "STORE_HALTED" or "DRAINING" or "NODE_STOPPING" => true,
        P2PGrpcException.NoReply => !refused.MayHaveHappened,
        "" => refused.StatusCode == StatusCode.Unavailable,
        _ => false,
    };

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

using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace P2PGrpc.Client;

/// <summary>Writes messages whose handlers failed for good into a room of their own. Thread-safe.</summary>
internal sealed class DeadLetterWriter(P2PGrpcClient client, string? room, string consumer, HandlerStanding standing, TimeProvider time, ILogger logger)
{
    private CancellationTokenSource? made;

    /// <summary>Ends when the room is made: who reads the one that had its name before looks for it anew. Without a timer there is nothing to free, so it is never disposed.</summary>
    public CancellationToken RoomMade => LazyInitializer.EnsureInitialized(ref made, () => new CancellationTokenSource()).Token;

    /// <summary>
    /// Returns when the dead letter is on disk, which is tried for ever: without it the message must not be acknowledged. The same failure again, after a crash
    /// before that, makes no second one.
    /// </summary>
    public async Task WriteAsync(ReceivedMessage message, HandlerFailure failure, CancellationToken cancellationToken)
    {
        var (handler, attempts, error) = failure;
        if (string.IsNullOrEmpty(room) || message.Ephemeral)
        {
            HandlerLog.Dropped(
                logger, error, handler.Name, message.Reference, attempts, message.Ephemeral ? "ephemeral messages are not kept" : "no room for dead letters is set");
            return;
        }
        try
        {
            await WriteAsync(room, message, failure, cancellationToken);
        }
        finally
        {
            standing.ForgetUnwritten(message.Reference);
        }
    }

    private async Task WriteAsync(string room, ReceivedMessage message, HandlerFailure failure, CancellationToken cancellationToken)
    {
        var (handler, attempts, error) = failure;
        var letter = Create(message, failure);
        var isBare = false;
        var delay = new GrowingDelay(ClientLimits.LongestDelay, ClientLimits.LongestRefusal);
        while (true)
        {
            try
            {
                var reference = await SendAsync(letter, cancellationToken);
                HandlerLog.DeadLetterWritten(logger, error, handler.Name, message.Reference, attempts, room, reference);
                return;
            }
            catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.InvalidArgument)
            {
                // What others wrote need not be what a node takes from its clients. It must not keep all that follows it from being handled.
                if (isBare)
                {
                    HandlerLog.Dropped(logger, error, handler.Name, message.Reference, attempts, $"its dead letter is refused: {fault.Message}");
                    return;
                }

                isBare = true;
                letter = CreateBare(message, failure, fault.Message);
            }
            catch (P2PGrpcException fault)
            {
                var pause = delay.Next();
                standing.NoteUnwritten(message.Reference, fault.Message);
                HandlerLog.DeadLetterFailed(logger, message.Reference, pause, fault.Message);
                await Task.Delay(pause, time, cancellationToken);
            }
        }
    }

    private async Task<string> SendAsync(OutgoingMessage letter, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.SendAsync($"#{room}", letter, cancellationToken: cancellationToken)).Reference;
        }
        catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.AlreadyExists)
        {
            // Written before a crash, with another error text or number of attempts.
            return "an earlier one";
        }
        catch (P2PGrpcException fault) when (fault.StatusCode == StatusCode.NotFound || fault.Reason == "ROOM_LEFT")
        {
            // A room that was left gives its name to a new one.
            await client.CreateRoomAsync(room!, cancellationToken);
            var reference = (await client.SendAsync($"#{room}", letter, cancellationToken: cancellationToken)).Reference;
            // Whoever reacts to it must not hold this up.
            _ = Interlocked.Exchange(ref made, null)?.CancelAsync();
            return reference;
        }
    }

    private OutgoingMessage Create(ReceivedMessage message, HandlerFailure failure)
    {
        var headers = Describe(message, failure);
        AddOwnHeaders(headers, message.Headers);
        var copy = message.Text is { } text ? OutgoingMessage.FromText(text) : OutgoingMessage.FromData(message.Data, message.ContentType);
        return copy with { Headers = headers, MessageId = CreateMessageId(message.Reference, failure.Handler.Name) };
    }

    /// <summary>A letter that says where the message is, in place of a copy that can't be made.</summary>
    private OutgoingMessage CreateBare(ReceivedMessage message, HandlerFailure failure, string reason)
    {
        var headers = Describe(message, failure);
        foreach (var (name, value) in headers.ToList())
            headers[name] = BoundedText.Cut(value, ClientLimits.ErrorBytes);
        headers[MessageHeaders.DeadLetterHeadersLeftOut] = message.Headers.Count.ToString(CultureInfo.InvariantCulture);
        var text = $"The message {message.Reference} could not be copied: {BoundedText.Cut(reason, ClientLimits.ErrorBytes)}";
        return OutgoingMessage.FromText(text) with { Headers = headers, MessageId = CreateMessageId(message.Reference, failure.Handler.Name) };
    }

    private Dictionary<string, string> Describe(ReceivedMessage message, HandlerFailure failure)
    {
        var (handler, attempts, error) = failure;
        return new Dictionary<string, string>(StringComparer.Ordinal)
        {
            [MessageHeaders.DeadLetterReference] = message.Reference,
            [MessageHeaders.DeadLetterAuthor] = message.Author,
            [MessageHeaders.DeadLetterAlias] = message.Alias,
            [MessageHeaders.DeadLetterConversation] = message.Conversation,
            [MessageHeaders.DeadLetterFrom] = message.Room.Length > 0 ? message.Room : message.Peer,
            [MessageHeaders.DeadLetterMessageId] = message.MessageId,
            [MessageHeaders.DeadLetterHandler] = handler.Name,
            [MessageHeaders.DeadLetterConsumer] = consumer,
            [MessageHeaders.DeadLetterAttempts] = attempts.ToString(CultureInfo.InvariantCulture),
            [MessageHeaders.DeadLetterError] = BoundedText.Describe(error),
        };
    }

    // The message's headers may fill all that is allowed, so some may have to stay away.
    private static void AddOwnHeaders(Dictionary<string, string> headers, IReadOnlyDictionary<string, string> own)
    {
        // One is kept free for the number of those that are left out.
        var room = ClientLimits.HeaderBytes - headers.Sum(Measure) - 64;
        var leftOut = 0;
        foreach (var header in own.OrderBy(header => header.Key, StringComparer.Ordinal))
        {
            var size = Measure(header);
            if (headers.Count + 1 < ClientLimits.HeaderCount && size <= room && headers.TryAdd(header.Key, header.Value))
                room -= size;
            else
                leftOut++;
        }
        if (leftOut > 0)
            headers[MessageHeaders.DeadLetterHeadersLeftOut] = leftOut.ToString(CultureInfo.InvariantCulture);
    }

    private static int Measure(KeyValuePair<string, string> header) => Encoding.UTF8.GetByteCount(header.Key) + Encoding.UTF8.GetByteCount(header.Value);

    // One for each message, consumer and handler, however often it fails.
    private string CreateMessageId(string reference, string handler) =>
        "dead-letter-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{consumer}\n{handler}\n{reference}")));
}
